"""The tests' HTTP client: one request on a connection of its own, whole or as raw bytes.

It checks on every JSON answer what the contract says of all: one of two shapes, application/json, a known length.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from omnify.common.envelope import HELP_LINKS, Code
from omnify.versions import CURRENT
from tests.support.leftovers import until_the_tests_end

TIMEOUT_SECONDS = 60.0
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body, after a look at its shape."""
        found: dict[str, Any] = json.loads(self.body)
        assert self.headers["content-type"] == "application/json"
        assert int(self.headers["content-length"]) == len(self.body)
        wanted = ["success", "message", "data"] if self.status < 400 else ["success", "code", "message", "errors"]
        assert list(found) == wanted, found
        assert found["success"] is (self.status < 400)
        assert found["message"]
        assert self.headers["omnify-version"] == CURRENT
        assert self.status < 400 or HELP_LINKS[Code(found["code"])] in self.headers["link"]
        return found

    @property
    def data(self) -> Any:
        """What an answer that worked carries."""
        return self.json["data"]

    @property
    def refusal(self) -> tuple[int, str]:
        """Status and code of an answer that did not work."""
        return self.status, self.json["code"]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service is."""

    host: str
    port: int

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, one answer. Raises OSError if there is none."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            return ask_on(connection, method, path, body, headers)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """POST of an object as JSON."""
        return self.ask("POST", path, json.dumps(body).encode(), {**JSON, **(headers or {})})

    def connection(self) -> http.client.HTTPConnection:
        """A connection to keep, until the test ends at most."""
        return until_the_tests_end(http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS))

    def raw(self, request: bytes) -> socket.socket:
        """A connection on which these bytes, and nothing else, have been sent; to keep until the test ends at most."""
        connection = until_the_tests_end(socket.create_connection((self.host, self.port), timeout=TIMEOUT_SECONDS))
        connection.sendall(request)
        return connection


def ask_on(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a connection that is kept. Raises OSError if there is no answer."""
    try:
        connection.request(method, path, body, dict(headers or {}))
        with connection.getresponse() as response:
            return _read(response)
    except http.client.HTTPException as problem:
        connection.close()
        raise ConnectionError(repr(problem)) from problem
    except OSError:
        connection.close()
        raise


def answer_on(connection: socket.socket, *, method: str = "GET") -> Answer:
    """The answer on a raw connection, which is closed."""
    # A socket stays open as long as a response that reads from it.
    with connection, contextlib.closing(http.client.HTTPResponse(connection, method=method)) as response:
        response.begin()
        return _read(response)


def reset(connection: socket.socket) -> None:
    """Closes with a RST, as a phone does that lost its network."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def request_bytes(path: str, body: bytes, *headers: str, method: str = "POST") -> bytes:
    """A whole request with a JSON body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def body(**changes: object) -> bytes:
    """A valid registration but for `changes`; None removes a field."""
    fields = {"name": "Guest 17", "email": "guest17@example.com", **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()


def _read(response: http.client.HTTPResponse) -> Answer:
    content = response.read()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)
