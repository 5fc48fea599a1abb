"""Telling the deliver workers that the outbox has something, without ever being in the way of whoever wrote it."""

from __future__ import annotations

from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from events.admission.heartbeat import claim_dispatcher_wakeup
from events.services.wakeups import send_dispatcher_wakeup
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


def wake_dispatchers() -> None:
    """One hint, unless one is on its way. A hint that fails costs a second: the workers look by themselves."""
    try:
        if claim_dispatcher_wakeup(redis_client()):
            send_dispatcher_wakeup()
    except (RedisError, BrokerError, OSError) as problem:
        logger.warning("no hint sent", problem=type(problem).__name__)
