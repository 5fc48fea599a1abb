"""A real HTTP server that does what a test has written down: one step for each request, in order.

A step is an answer, or `DROP`: the connection is closed without one. It may also be a function of the request, which
returns either. When the steps are over the last one goes on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STOP_SECONDS = 60.0


@dataclass(frozen=True)
class Asked:
    """A request. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Said:
    """An answer; `pieces` follow its head one by one, and `cut` ends them without an end."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    pieces: tuple[bytes, ...] = ()
    cut: bool = False


Step = Said | None | Callable[[Asked], Said | None]
DROP: Step = None


def said(data: Any, status: int = 200, **headers: str) -> Said:
    """A success in the service's shape."""
    body = json.dumps({"success": True, "message": "OK", "data": data}).encode()
    return Said(status, {"Content-Type": "application/json", **_names(headers)}, body)


def refused(status: int, code: str, errors: Any = None, **headers: str) -> Said:
    """A refusal in the service's shape."""
    body = json.dumps({"success": False, "code": code, "message": "No.", "errors": errors}).encode()
    return Said(status, {"Content-Type": "application/json", **_names(headers)}, body)


def stream(*tickets: Mapping[str, Any], cut: bool = False) -> Said:
    """Server-sent events, one for each state of a ticket."""
    pieces = [f'id: "{number}"\ndata: {json.dumps(ticket)}\n\n'.encode() for number, ticket in enumerate(tickets)]
    return Said(200, {"Content-Type": "text/event-stream"}, pieces=(b"retry: 10\n", *pieces), cut=cut)


def _names(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


class ScriptedServer:
    """Listens until the end of its `with` block. `asked` are the requests so far."""

    def __init__(self, *steps: Step) -> None:
        self.asked: list[Asked] = []
        self._steps = list(steps)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._take))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> ScriptedServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(STOP_SECONDS)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _take(self, asked: Asked) -> Said | None:
        with self._lock:
            self.asked.append(asked)
            step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        return step(asked) if callable(step) else step


def _handler(take: Callable[[Asked], Said | None]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = take(Asked(self.command, self.path, headers, self.rfile.read(length)))
            # One request on each connection: a client's pool must not decide which step it meets.
            self.close_connection = True
            if answer is None:
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Connection", "close")
            if not answer.pieces:
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
                return
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in answer.pieces:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            if not answer.cut:
                self.wfile.write(b"0\r\n\r\n")

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of the base class

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    return Handler
