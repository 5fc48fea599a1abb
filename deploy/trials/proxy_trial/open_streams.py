"""Opens event streams over connections of HTTP/2 with two of them each, and waits until all have ended.

    python -m deploy.trials.proxy_trial.open_streams AUTHORITY PORT STREAMS <tickets, one a line

Prints `open <how many have had their first event>`, then `ended <how many were told of a cancellation>`. A process of
its own, because of its open files. What a connection sends is made once for each pair of tickets; of what comes, frames
are counted by their nine bytes (RFC 9113, section 4.1).
"""

from __future__ import annotations

import selectors
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle, islice

import h2.config
import h2.connection

from omnify.embedded.ports import LOOPBACK

SECONDS = 90.0
SETTINGS_ACK = bytes((0, 0, 0, 4, 1, 0, 0, 0, 0))
DATA = 0
STREAMS_EACH = 2


@dataclass(slots=True)
class Connection:
    """A connection with its streams: which have had an event, and which were told of the cancellation."""

    socket: ssl.SSLSocket
    held: bytes = b""
    begun: set[int] = field(default_factory=set)
    told: set[int] = field(default_factory=set)

    def read(self) -> bool:
        """Takes in what has come. Returns whether the connection goes on."""
        try:
            while data := self.socket.recv(65536):
                self.take(data)
        except (ssl.SSLWantReadError, BlockingIOError):
            return True
        except OSError:
            pass
        return False

    def take(self, data: bytes) -> None:
        """Takes in these bytes."""
        self.held += data
        for kind, stream, payload in self._whole():
            if kind == DATA and b"data:" in payload:
                self.begun.add(stream)
                if b"event_cancelled" in payload:
                    self.told.add(stream)

    def _whole(self) -> list[tuple[int, int, bytes]]:
        found, at = [], 0
        while len(self.held) >= at + 9:
            size = int.from_bytes(self.held[at : at + 3])
            if len(self.held) < at + 9 + size:
                break
            found.append(
                (self.held[at + 3], int.from_bytes(self.held[at + 5 : at + 9]), self.held[at + 9 : at + 9 + size])
            )
            at += 9 + size
        self.held = self.held[at:]
        return found


def opening(port: int, tickets: tuple[str, ...]) -> bytes:
    """Returns what a new connection sends to open the streams of these tickets."""
    state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
    state.initiate_connection()
    for ticket in tickets:
        path = f"/registrations/{ticket}/events"
        pseudo = [(":method", "GET"), (":scheme", "https"), (":authority", f"localhost:{port}"), (":path", path)]
        state.send_headers(state.get_next_available_stream_id(), pseudo, end_stream=True)
    return bytes(state.data_to_send()) + SETTINGS_ACK


def connect(context: ssl.SSLContext, port: int, number: int, data: bytes) -> Connection:
    """Opens a connection from one of forty addresses, and its streams."""
    source = (f"127.0.1.{1 + number % 40}", 0)
    plain = socket.create_connection((LOOPBACK, port), timeout=SECONDS, source_address=source)
    found = context.wrap_socket(plain, server_hostname="localhost")
    found.sendall(data)
    found.setblocking(False)
    return Connection(found)


def main(authority: str, port: int, streams: int) -> None:
    """Opens the streams and waits for their end."""
    tickets = list(iter(lambda: sys.stdin.readline().strip(), ""))
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols(["h2"])
    pairs = [opening(port, pair) for pair in zip(tickets, tickets[1:] + tickets[:1], strict=True)]
    data = list(islice(cycle(pairs), streams // STREAMS_EACH))
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda pair: connect(context, port, *pair), enumerate(data)))
    with selectors.DefaultSelector() as selector:
        for stream in found:
            selector.register(stream.socket, selectors.EVENT_READ, stream)
            # What came with the handshake is in the socket's own buffer already.
            stream.read()
        _say("open", _read_until(selector, found, "begun", streams))
        _say("ended", _read_until(selector, found, "told", streams))


def _say(what: str, count: int) -> None:
    sys.stdout.write(f"{what} {count}\n")
    sys.stdout.flush()


def _read_until(selector: selectors.BaseSelector, found: list[Connection], name: str, wanted: int) -> int:
    until = time.monotonic() + SECONDS
    while (count := sum(len(getattr(stream, name)) for stream in found)) < wanted and time.monotonic() < until:
        for key, _ in selector.select(0.5):
            if not key.data.read():
                selector.unregister(key.fileobj)
    return count


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
