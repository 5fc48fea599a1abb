"""Makes the gate that suits the address of the queue's store."""

from __future__ import annotations

from functools import partial
from typing import Any

from events.admission.cluster_gate import ClusterGate
from events.admission.cluster_link import ClusterLink
from events.admission.cluster_map import ClusterMap, Node, Nodes
from events.admission.gate import Caller, Gate
from events.admission.link import Link, can_link
from events.admission.replicated_link import ReplicatedLink
from omnify.common.redis_client import connect_async
from omnify.common.redis_urls import Layout, StoreUrl, read_store_url
from omnify.common.replicas import AsyncReplicatedClient

# Of each node: the subscriptions of a process share one.
NEWS_CONNECTIONS = 2


def open_gate(url: str, *, replicas: int = 0, **options: Any) -> Gate:
    """Returns a gate on one server, on the master that Sentinels name, or on a Cluster. It connects when it is used.

    With `replicas`, what a client is promised is on so many replicas too.
    """
    store = read_store_url(url)
    if store.layout is Layout.CLUSTER:
        return _cluster_gate(store, replicas, options)
    client = connect_async(url)
    link = Link(url) if can_link(url) else None
    replicated: Caller | None = None
    if replicas:
        replicated = ReplicatedLink(url, replicas=replicas) if link else AsyncReplicatedClient(client, replicas)
    return Gate(client, link=link, replicated=replicated, **options)


def _cluster_gate(store: StoreUrl, replicas: int, options: dict[str, Any]) -> ClusterGate:
    nodes = Nodes(store, _node)
    cluster = ClusterMap(store, nodes)
    replicated = ClusterLink(cluster, Nodes(store, partial(_replicated_node, replicas))) if replicas else None
    return ClusterGate(
        ClusterLink(cluster, nodes),
        cluster,
        lambda address: connect_async(store.server_url(address), max_connections=NEWS_CONNECTIONS),
        replicated=replicated,
        **options,
    )


def _node(url: str) -> Node:
    return Link(url) if can_link(url) else connect_async(url)


def _replicated_node(replicas: int, url: str) -> Node:
    if can_link(url):
        return ReplicatedLink(url, replicas=replicas)
    return AsyncReplicatedClient(connect_async(url), replicas)
