"""Requests that hypothesis makes up: near to plain ones, since what is far from them no short way would ever take.

A made-up case is a list of requests, changed in places, in one piece or cut into several.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.support.differential.prediction import count_answers
from tests.support.differential.requests import Requests, head
from tests.support.differential.steps import Pause, Step, Write

_SPACES = st.sampled_from([" ", "", "  ", "\t", " \t "])
# How far from a plain one a request is: most are one step away from it, or none.
_LINES = st.sampled_from(
    [
        *["POST {path} HTTP/1.1"] * 24,
        *("GET {path} HTTP/1.1", "PUT {path} HTTP/1.1", "POST {path} HTTP/1.0", "POST {path}?a=1 HTTP/1.1"),
        *("POST {path}/ HTTP/1.1", "POST  {path} HTTP/1.1", "POST {path} HTTP/1.1 ", "post {path} HTTP/1.1"),
    ]
)
_POLL_LINES = st.sampled_from(
    [*["GET {path} HTTP/1.1"] * 12, "GET {path} HTTP/1.0", "GET {path}?wait=x HTTP/1.1", "POST {path} HTTP/1.1"]
)
# Fields that a plain request may have, with values that are taken or refused, but not by the server.
_PLAIN: dict[str, list[str]] = {
    "Connection": ["keep-alive", "Keep-Alive"],
    "Idempotency-Key": ["one", "two", "", "a b", "k" * 255, "k" * 256, "\u00fc"],
    "X-Forwarded-For": ["198.51.100.1", "198.51.100.1, 198.51.100.2", "nothing", "", "2001:db8::1"],
    "If-None-Match": ["*", '"x"', 'W/"x", *', ""],
    "Cookie": ["a=1"],
    "Prefer": ["receipt", "Receipt; a=1", 'a="b, c", receipt', "receipt=x", '"receipt', ""],
    "Accept": ["*/*", "text/html"],
    "Origin": ["https://example.org"],
    "X-A": ["1", "", "a\tb", "\u00e4"],
}
# Fields with which it is not plain, or may not be.
_ODD: dict[str, list[str]] = {
    "Host": ["localhost", "", "example.org:80"],
    "Content-Type": ["application/json", "text/plain", ""],
    "Connection": ["close", "x, close", "upgrade", "keep-alive, x", ""],
    "Authorization": ["Bearer nothing", ""],
    "Expect": ["100-continue", "x"],
    "Upgrade": ["h2c", "websocket", ""],
    "Transfer-Encoding": ["chunked", "identity", ""],
    "Content-Length": ["0", "1", "+1", "5, 5", ""],
    "TE": ["trailers"],
    "Trailer": ["X-A"],
    "Proxy-Connection": ["close"],
    "X-A": ["a\x7fb", "a\x00b"],
    "X_A": ["1"],
    "X-Forwarded-For": ["1" * 8000],
}
_TYPES = st.sampled_from(
    [*["application/json"] * 8, "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", ""]
)
_CASES: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper, str.swapcase)
_BODIES = st.sampled_from(
    [
        *(b"{}", b"", b"{", b'{"name": "A", "email": "a@example.com"}', b'{"name":"B","email":"A@example.com"}'),
        *(b'{"name": "", "email": "a@example.com"}', b'{"name": "A", "email": "a@example.com", "callback_url": "x"}'),
    ]
)
# What is put somewhere, or in the place of something.
_BYTES = st.sampled_from(
    [
        *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\r\nX-B: 1", b"\r\nHost: y", b" ", b"\t", b"\x00", b"\x7f", b"\xff"),
        *(b":", b";", b",", b"/", b"?", b"#", b"%", b'"', b"0", b"A", b"chunked"),
    ]
)


@st.composite
def _written(draw: st.DrawFn, name: str, value: str) -> str:
    """A field as a client may write it."""
    return f"{draw(st.sampled_from(_CASES))(name)}:{draw(_SPACES)}{value}{draw(_SPACES)}"


@st.composite
def _fields(draw: st.DrawFn, values: dict[str, list[str]]) -> str:
    name = draw(st.sampled_from(sorted(values)))
    return draw(_written(name, draw(st.sampled_from(values[name]))))


@st.composite
def _heads(draw: st.DrawFn) -> list[str]:
    """Fields in any order; `{length}` stands for the body's."""
    usual = [("Host", "localhost"), ("Content-Type", draw(_TYPES)), ("Content-Length", "{length}")]
    fields = [draw(_written(name, value)) for name, value in usual]
    if draw(st.integers(0, 9)) == 0:
        fields.pop(draw(st.integers(0, 2)))
    fields += draw(st.lists(_fields(_PLAIN), max_size=4))
    if draw(st.integers(0, 2)) == 0:
        fields += draw(st.lists(_fields(_ODD), min_size=1, max_size=2))
    return draw(st.permutations(fields))


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes that are put at a place (from 0 to 1) of a request, instead of as many as `removed`."""

    place: float
    removed: int
    put: bytes

    def apply(self, data: bytes) -> bytes:
        start = int(self.place * len(data))
        return data[:start] + self.put + data[start + self.removed :]


_CHANGES = st.builds(Change, st.floats(0, 1), st.integers(0, 2), st.one_of(_BYTES, st.just(b"")))


@dataclass(frozen=True, slots=True)
class MadeUpRequest:
    """One request: a registration, or a poll."""

    line: str
    fields: list[str]
    body: bytes | None
    is_poll: bool
    changes: list[Change]

    def write(self, to: Requests) -> bytes:
        """Its bytes."""
        path = f"/registrations/{to.prepared.waitlisted}" if self.is_poll else to.path
        body = b"" if self.is_poll else to.body() if self.body is None else self.body
        fields = [field.replace("{length}", str(len(body))) for field in self.fields if body or "{" not in field]
        data = head(self.line.format(path=path), *fields) + body
        for change in self.changes:
            data = change.apply(data)
        return data


def _requests(*, is_poll: bool) -> st.SearchStrategy[MadeUpRequest]:
    return st.builds(
        MadeUpRequest,
        line=_POLL_LINES if is_poll else _LINES,
        fields=_heads(),
        body=st.one_of(st.none(), st.none(), _BODIES),
        is_poll=st.just(is_poll),
        changes=st.one_of(*[st.just([])] * 3, st.lists(_CHANGES, min_size=1, max_size=2)),
    )


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A whole case: requests that follow each other, together or in turn, and where the bytes are cut."""

    requests: list[MadeUpRequest]
    together: bool
    cuts: list[float]

    def steps(self, to: Requests) -> list[Step]:
        """Writes all of it, and waits for the answers that must come. Raises Unpredictable."""
        written = [request.write(to) for request in self.requests]
        pieces = [piece for data in self._joined(written) for piece in _cut(data, self.cuts)]
        steps: list[Step] = []
        for piece, answers in zip(pieces, count_answers(pieces), strict=True):
            steps += [Write(piece, answers=answers), Pause()]
        return steps

    def _joined(self, written: list[bytes]) -> list[bytes]:
        return [b"".join(written)] if self.together else written


def _cut(data: bytes, cuts: list[float]) -> list[bytes]:
    places = sorted({int(cut * len(data)) for cut in cuts} - {0})
    return [data[start:end] for start, end in itertools.pairwise([0, *places, len(data)])]


CASES = st.builds(
    MadeUp,
    requests=st.lists(st.one_of(_requests(is_poll=False), _requests(is_poll=True)), min_size=1, max_size=3),
    together=st.booleans(),
    cuts=st.one_of(st.just([]), st.lists(st.floats(0, 1), max_size=3)),
)
