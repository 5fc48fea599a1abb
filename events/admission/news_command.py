"""Which command sends an event's news. On a Cluster it is the sharded one: PUBLISH would send them to every node."""

from __future__ import annotations

import redis

from omnify.common.redis_nodes import is_cluster


def publish_command(client: redis.Redis) -> str:
    """Returns PUBLISH, or SPUBLISH for a client of a Cluster. Doors subscribe accordingly (`news`, `cluster_news`)."""
    return "SPUBLISH" if is_cluster(client) else "PUBLISH"
