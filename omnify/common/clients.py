"""The synchronous Redis client of a process, for Django and the workers."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings

from omnify.common.redis_client import connect


@cache
def redis_client() -> redis.Redis:
    """Returns the process's client. It connects when it is first used, and threads share its pool."""
    return connect(settings.ENV.redis_url)
