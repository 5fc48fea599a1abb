"""A door that is not open: it answers 503 to everything, and keeps what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from omnify.embedded.ports import LOOPBACK


@contextmanager
def closed_door(port: int) -> Iterator[list[str]]:
    """Serves on this port. Yields the list of what it is asked."""
    asked: list[str] = []

    class Closed(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _refuse(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(503)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST = do_OPTIONS = _refuse  # noqa: N815 - the names that the library looks for

        def log_message(self, format: str, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer((LOOPBACK, port), Closed)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield asked
    finally:
        server.shutdown()
        server.server_close()
