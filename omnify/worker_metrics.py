"""Serves the metrics of a worker that shares no folder with a door, as in a pod of its own.

A door's `/metrics` has the sums of all processes on its host, and what is read from the stores. A worker alone has
only what it counts itself, which begins at 0 here as well. No token is asked for: the address must not be public.
"""

from __future__ import annotations

from prometheus_client import REGISTRY, CollectorRegistry, start_http_server

from events.api.metrics_from_zero import begin_at_zero
from omnify.common import metrics


def serve_metrics(host: str, port: int) -> int:
    """Answers every GET with the metrics, in a thread of its own. Returns the port.

    Raises:
        OSError: the address cannot be used.
    """
    begin_at_zero()
    registry = REGISTRY
    if metrics.ROOT:
        registry = CollectorRegistry()
        registry.register(metrics.AllProcesses())
    server, _ = start_http_server(port, host, registry)
    return server.server_port
