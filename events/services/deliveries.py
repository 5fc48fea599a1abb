"""Telling the deliver workers that the outbox has something, without ever being in the way of whoever wrote it."""

from __future__ import annotations

import logging

from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from events.admission.live import claim_delivery_hint
from events.services.wakeups import send_delivery_hint
from omnify.common.clients import redis_client
from omnify.common.logs import log

logger = logging.getLogger(__name__)


def hint_at_deliveries() -> None:
    """One hint, unless one is on its way. A hint that fails costs a second: the workers look by themselves."""
    try:
        if claim_delivery_hint(redis_client()):
            send_delivery_hint()
    except (RedisError, BrokerError, OSError) as problem:
        log(logger, logging.WARNING, "no hint sent", problem=type(problem).__name__)
