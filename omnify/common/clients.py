"""The synchronous Redis client of a process, for Django and the workers."""

from __future__ import annotations

from functools import cache

import redis
from django.conf import settings

from omnify.common.redis_client import connect
from omnify.common.replicas import ReplicatedClient


@cache
def redis_client() -> redis.Redis:
    """Returns the process's client. It connects when it is first used, and threads share its pool."""
    return connect(settings.ENV.redis_url)


def replicated_client() -> redis.Redis | ReplicatedClient:
    """Returns the client of script calls that a caller is told are durable. They raise NotReplicated with
    `QUEUE_REPLICAS` of 1 or more; with 0 it is `redis_client`."""
    replicas = settings.ENV.queue_replicas
    return ReplicatedClient(redis_client(), replicas) if replicas else redis_client()
