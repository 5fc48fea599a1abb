"""The one synchronous Redis client of a process, for Django's side and the workers."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings

from omnify.common.redis_client import connect


@cache
def redis_client() -> redis.Redis:
    """Connects lazily; threads share its pool."""
    return connect(settings.ENV.redis_url)
