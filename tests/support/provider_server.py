"""Providers' HTTP APIs for sending, as far as a mailer meets them: Postmark's, and one that always says the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Protocol, TypeVar

TOKEN = "a-server-token"


class Reply(NamedTuple):
    """A response. `status` 0: none, until the server ends."""

    status: int
    body: Mapping[str, Any] | list[Any] = {}
    headers: Mapping[str, str] = {}


HANG = Reply(0)


def refusal(status: int, code: int, text: str, **headers: str) -> Reply:
    """What Postmark says that it does not take (https://postmarkapp.com/developer/api/overview#error-codes)."""
    return Reply(status, {"ErrorCode": code, "Message": text}, headers)


class Api(Protocol):
    """What `running` serves."""

    port: int
    connections: int

    def reply(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answers a POST."""


Served = TypeVar("Served", bound=Api)


@dataclass
class OneReply:
    """Answers each request alike."""

    answer: Reply
    port: int = 0
    connections: int = 0

    def reply(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answers a POST."""
        return self.answer


@dataclass
class PostmarkServer:
    """https://postmarkapp.com/developer/api/email-api. `answers` are the first to a recipient; then it is taken."""

    answers: dict[str, list[Reply]] = field(default_factory=dict)
    token: str = TOKEN
    port: int = 0
    connections: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)

    def reply(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answers a POST."""
        if path != "/email":
            return Reply(404)
        if headers["X-Postmark-Server-Token"] != self.token:
            return refusal(401, 10, "Bad or missing Server API token.")
        mail = json.loads(body)
        waiting = self.answers.get(mail["To"])
        if waiting:
            return waiting.pop(0)
        self.taken.append(mail)
        return Reply(200, {"To": mail["To"], "MessageID": "b7bc2f4a", "ErrorCode": 0, "Message": "OK"})


@contextmanager
def running(server: Served) -> Iterator[Served]:
    """Runs it on a port of its own."""
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = server.reply(self.path, dict(self.headers.items()), body)
            if reply == HANG:
                ending.wait()
                self.close_connection = True
                return
            content = json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", server.port), Handler) as listening:
        server.port = listening.server_port
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            ending.set()
            listening.shutdown()
            thread.join()
