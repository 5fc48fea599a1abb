"""A client of HTTP/2 that sends any pseudo-header it is told to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from deploy.trials.proxy_trial.client import SECONDS, Answer
from omnify.embedded.ports import LOOPBACK

_CONFIG = h2.config.H2Configuration(
    client_side=True,
    header_encoding="latin-1",
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)
Headers = list[tuple[str, str]]


class Reset(OSError):
    """The stream or the connection was reset: the request was refused."""


class Client2:
    """One connection. Requests go one after the other."""

    def __init__(self, context: ssl.SSLContext, port: int, source: str = LOOPBACK) -> None:
        plain = socket.create_connection((LOOPBACK, port), timeout=SECONDS, source_address=(source, 0))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname="localhost")
        self.port = port
        self.protocol = self.socket.selected_alpn_protocol()
        self._state = h2.connection.H2Connection(_CONFIG)
        self._state.initiate_connection()
        self._flush()

    def close(self) -> None:
        self.socket.close()

    def request(self, method: str, path: str, headers: Headers | None = None, body: bytes = b"") -> Answer:
        """Sends a request and returns its answer. Raises Reset if it is refused without one."""
        pseudo = [(":method", method), (":scheme", "https"), (":authority", f"localhost:{self.port}"), (":path", path)]
        length = [("content-length", str(len(body)))] if body else []
        stream = self.send([*pseudo, *length, *(headers or [])], body)
        status, found, data = 0, [], b""
        for event in self.events(stream):
            if isinstance(event, h2.events.ResponseReceived):
                pairs = [(str(name), str(value)) for name, value in event.headers]
                status = int(dict(pairs)[":status"])
                found = [(name, value) for name, value in pairs if not name.startswith(":")]
            elif isinstance(event, h2.events.DataReceived):
                data += event.data
        return Answer(status, found, data)

    def send(self, headers: Headers, body: bytes = b"") -> int:
        """Sends a request with exactly these headers. Returns the number of its stream."""
        stream = int(self._state.get_next_available_stream_id())
        self._state.send_headers(stream, headers, end_stream=not body)
        if body:
            self._state.send_data(stream, body, end_stream=True)
        self._flush()
        return stream

    def events(self, stream: int) -> Iterator[h2.events.Event]:
        """Yields the events of one stream until it ends. Raises Reset."""
        while True:
            for event in self._received():
                if getattr(event, "stream_id", None) != stream:
                    continue
                if isinstance(event, h2.events.StreamReset):
                    raise Reset("stream reset")
                yield event
                if isinstance(event, h2.events.StreamEnded):
                    return

    def _received(self) -> list[h2.events.Event]:
        data = self.socket.recv(65536)
        if not data:
            raise Reset("closed")
        try:
            found = self._state.receive_data(data)
        except h2.exceptions.ProtocolError as problem:
            raise Reset("not HTTP/2") from problem
        for event in found:
            if isinstance(event, h2.events.ConnectionTerminated):
                raise Reset("connection terminated")
            if isinstance(event, h2.events.DataReceived):
                self._state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self._flush()
        return found

    def _flush(self) -> None:
        self.socket.sendall(self._state.data_to_send())
