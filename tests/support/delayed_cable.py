"""Measures round trips between hosts of a run while one cable is delayed: `python -m tests.support.delayed_cable MS`.

Prints JSON: for each phase the shortest round trip in milliseconds to a near and to a far host, on connections that are
there from the beginning to the end. Exit code 3: this machine cannot make hosts.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from chaos.__main__ import UNSUPPORTED
from chaos.network import Network, NotAllowed

PORT = 7000
ROUNDS = 5
HERE, NEAR, FAR = "here", "near", "far"
DEADLINE_SECONDS = 60.0


@contextlib.contextmanager
def _connected(network: Network, host: str) -> Iterator[socket.socket]:
    """A connection from HERE to a host, which sends back what it gets."""
    with network.on(host):
        listener = socket.create_server((network.addresses[host], PORT))
    with network.on(HERE):
        ours = socket.create_connection((network.addresses[host], PORT))
    theirs, _ = listener.accept()
    echo = threading.Thread(target=_echo, args=(theirs,))
    echo.start()
    try:
        yield ours
    finally:
        ours.close()
        echo.join()
        theirs.close()
        listener.close()


def _echo(connection: socket.socket) -> None:
    while data := connection.recv(1 << 16):
        connection.sendall(data)


def _round_trip(connection: socket.socket) -> float:
    began = time.monotonic()
    connection.sendall(b"?")
    connection.recv(1)
    return (time.monotonic() - began) * 1000


def main(milliseconds: int) -> None:
    """Measures before, with the near host delayed, with all of them, and after."""
    try:
        network = Network(["desk", HERE, NEAR, FAR], desk="desk")
    except NotAllowed as problem:
        print(problem, file=sys.stderr)
        sys.exit(UNSUPPORTED)
    with tempfile.TemporaryDirectory() as folder, _connected(network, NEAR) as near, _connected(network, FAR) as far:

        def measure() -> dict[str, float]:
            return {
                name: min(_round_trip(connection) for _ in range(ROUNDS))
                for name, connection in ((NEAR, near), (FAR, far))
            }

        def delayed(peer: str | None) -> dict[str, float]:
            network.delay(HERE, milliseconds, log=Path(folder) / "relay.log", peer=peer)
            deadline = time.monotonic() + DEADLINE_SECONDS
            while not network.is_delayed(HERE) and time.monotonic() < deadline:
                pass
            try:
                return measure()
            finally:
                network.mend(HERE)

        print(json.dumps({"before": measure(), "pair": delayed(NEAR), "host": delayed(None), "after": measure()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
