"""Loopback ports for the embedded servers."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def reserve_port() -> socket.socket:
    """Returns a socket bound to a free port.

    While it is open, the system gives the port to no other process, but a server with SO_REUSEADDR can listen there.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind((LOOPBACK, 0))
    return holder


def port_of(holder: socket.socket) -> int:
    """Returns the port a socket is bound to."""
    port: int = holder.getsockname()[1]
    return port


def free_port() -> int:
    """Returns a port that is free now."""
    with reserve_port() as holder:
        return port_of(holder)


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tells whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
        return True
