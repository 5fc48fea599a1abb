"""Writes the requests of a case: the same bytes for both services."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.differential.pair import Prepared

HOST = "Host: localhost"
JSON = "Content-Type: application/json"
Field = str | bytes


@dataclass
class Requests:
    """What a case says to one event. Every registration is another guest's unless it brings a body."""

    event: int
    prepared: Prepared
    _guests: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def path(self) -> str:
        """Where to register."""
        return f"/events/{self.event}/register"

    def body(self, **changes: Any) -> bytes:
        """A guest's registration but for `changes`; None leaves a field out."""
        guest = next(self._guests)
        fields = {"name": f"Guest {guest}", "email": f"guest{guest}@example.com", **changes}
        return json.dumps({name: value for name, value in fields.items() if value is not None}).encode()

    def register(
        self,
        *fields: Field,
        body: bytes | None = None,
        line: str = "POST {path} HTTP/1.1",
        host: str | None = HOST,
        kind: str | None = JSON,
        length: Field | None = "Content-Length: {length}",
    ) -> bytes:
        """A registration with further `fields`; what is None is left out."""
        body = self.body() if body is None else body
        if isinstance(length, str):
            length = length.format(length=len(body))
        usual = [one for one in (host, kind) if one is not None]
        ending = [] if length is None else [length]
        return head(line.format(path=self.path, event=self.event), *usual, *fields, *ending) + body

    def chunked(self, *fields: Field, body: bytes | None = None, **options: Any) -> bytes:
        """A registration whose body comes in two chunks."""
        body = self.body() if body is None else body
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:9], body[9:]) if part)
        coding = {"length": "Transfer-Encoding: chunked", **options}
        return self.register(*fields, body=chunks + b"0\r\n\r\n", **coding)

    def poll(
        self, ticket: str = "", *fields: Field, line: str = "GET {path} HTTP/1.1", host: str | None = HOST
    ) -> bytes:
        """A poll of a ticket, or of one that is confirmed."""
        path = f"/registrations/{ticket or self.prepared.confirmed}"
        return head(line.format(path=path), *([] if host is None else [host]), *fields)

    def cold(self, *fields: Field, path: str = "/events/999999") -> bytes:
        """A request that the fast path never takes."""
        return head(f"GET {path} HTTP/1.1", HOST, *fields)


def head(line: str, *fields: Field) -> bytes:
    """A request's head."""
    return b"".join(_bytes(one) + b"\r\n" for one in (line, *fields)) + b"\r\n"


def numbered(count: int, *, start: int = 1) -> Sequence[str]:
    """So many different header fields."""
    return [f"X-Number-{number}: {number}" for number in range(start, start + count)]


def _bytes(text: Field) -> bytes:
    return text if isinstance(text, bytes) else text.encode()
