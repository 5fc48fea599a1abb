"""Where the programs of a layout find its stores: the variables of their environment."""

from __future__ import annotations

from chaos.layout import Layout, Node
from chaos.network import Network

VALKEY_PORT, SENTINEL_PORT, POSTGRES_PORT, DOOR_PORT = 6379, 26379, 5432, 8000


def queue_url(layout: Layout, network: Network, password: str) -> str:
    """Returns REDIS_URL."""
    nodes = layout.of("valkey", service="queue")
    match layout.queue:
        case "cluster":
            return f"redis+cluster://:{password}@{_hosts(nodes, network, VALKEY_PORT)}"
        case "sentinel":
            return f"redis+sentinel://:{password}@{_sentinels(layout, network)}/queue/0"
        case "single":
            return f"redis://:{password}@{_hosts(nodes[:1], network, VALKEY_PORT)}/0"


def broker_url(layout: Layout, network: Network, password: str) -> str:
    """Returns CELERY_BROKER_URL. The broker is a server of its own: one that refuses writes ends Celery's workers."""
    if layout.watched == "broker":
        return f"sentinel://:{password}@{_sentinels(layout, network)}/0?master_name=broker"
    nodes = layout.of("valkey", service="broker")
    return f"redis://:{password}@{_hosts(nodes[:1], network, VALKEY_PORT)}/0"


def _sentinels(layout: Layout, network: Network) -> str:
    return _hosts(layout.of("sentinel"), network, SENTINEL_PORT)


def _hosts(nodes: list[Node], network: Network, port: int) -> str:
    return ",".join(f"{network.addresses[node.host]}:{port}" for node in nodes)
