"""Wakes the dispatchers after messages were written to the outbox."""

from __future__ import annotations

from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from events.admission.heartbeat import claim_dispatcher_wakeup
from events.services.wakeups import send_dispatcher_wakeup
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


def wake_dispatchers() -> None:
    """Sends one wake-up, unless one is on its way. Never raises: without it, dispatchers look within a second."""
    try:
        if claim_dispatcher_wakeup(redis_client()):
            send_dispatcher_wakeup()
    except (RedisError, BrokerError, OSError) as problem:
        logger.throttled_warning("no dispatcher wake-up sent", problem=type(problem).__name__)
