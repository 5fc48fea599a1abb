"""Requests in pieces, several in one piece, and both."""

from __future__ import annotations

from tests.support.differential.observation import Case
from tests.support.differential.requests import Requests
from tests.support.differential.steps import HangUp, Pause, Step, Write, in_turn, pieces, pipelined, under_way

# What a partial request may be held for by a short way that waits for the rest.
_LONG = 1.3


def _at_every_byte(to: Requests) -> list[Step]:
    """Requests in turn on one connection, each cut one byte later."""
    found: list[Step] = []
    for cut in range(1, len(to.register("X-Forwarded-For: 198.51.100.100"))):
        found += pieces(to.register(f"X-Forwarded-For: 198.51.100.{cut:03}"), cut)
    return found


def _poll_at_every_byte(to: Requests) -> list[Step]:
    request = to.poll(to.prepared.waitlisted)
    return [step for cut in range(1, len(request)) for step in pieces(request, cut)]


def _one_and_a_half(to: Requests) -> list[Step]:
    first, second = to.register(), to.register()
    return [Write(first + second[:30]), Pause(), Write(second[30:])]


CASES: dict[str, Case] = {
    "a registration cut at every byte": lambda to: _at_every_byte(Requests(to.event, to.prepared)),
    "a poll cut at every byte": _poll_at_every_byte,
    "byte by byte": lambda to: pieces(request := to.register(), *range(1, len(request))),
    "a poll byte by byte": lambda to: pieces(request := to.poll(), *range(1, len(request))),
    "head and body apart": lambda to: pieces(request := to.register(), request.index(b"\r\n\r\n") + 4),
    "the last byte late": lambda to: pieces(to.register(), -1, seconds=_LONG),
    "the last line end late": lambda to: pieces(to.poll(), -2, seconds=_LONG),
    "half a line, then long nothing": lambda to: pieces(to.register(), 9, seconds=_LONG),
    "long nothing twice": lambda to: pieces(to.register(), 30, -20, seconds=_LONG),
    "five pieces": lambda to: pieces(to.register(), 10, 40, 70, -20),
    "cut inside CRLF": lambda to: pieces(request := to.register(), request.index(b"\r\n") + 1),
    "cut inside the empty line": lambda to: pieces(request := to.register(), request.index(b"\r\n\r\n") + 3),
    "a part, then hang up": lambda to: [Write(to.register()[:-1], answers=0), Pause(), HangUp()],
    "three in turn": lambda to: in_turn(to.register(), to.poll(), to.register()),
    "hot, cold, hot in turn": lambda to: in_turn(to.register(), to.cold(), to.register(), to.cold(), to.poll()),
    "chunks, then hot in turn": lambda to: in_turn(to.chunked(), to.register(), to.chunked(), to.poll()),
    "hot in pieces, then hot whole": lambda to: [*pieces(to.register(), 20), *in_turn(to.register(), to.poll())],
    "hot and hot": lambda to: pipelined(to.register(), to.register()),
    "hot, cold and hot": lambda to: pipelined(to.register(), to.cold(), to.register()),
    "cold and hot": lambda to: pipelined(to.cold(), to.register()),
    "hot and a poll": lambda to: pipelined(to.register(), to.poll()),
    "polls of all statuses": lambda to: pipelined(*map(to.poll, to.prepared.tickets)),
    "forty at once": lambda to: pipelined(*(to.register() for _ in range(40))),
    "forty polls at once": lambda to: pipelined(*(to.poll() for _ in range(40))),
    "forty at once, then one": lambda to: [*pipelined(*(to.register() for _ in range(40))), to.register()],
    "the same registration twice at once": lambda to: pipelined(*[to.register(body=to.body())] * 2),
    "one and a half": _one_and_a_half,
    "half of the next, then hang up": lambda to: [Write(to.register() + to.register()[:30]), HangUp(reset=True)],
    # To a reader who lost count, the second piece is a request.
    "hot in a late field": lambda to: [
        Write(to.cold() + b"GET /events/999999 HTTP/1.1\r\nHost: localhost\r\nX-A: "),
        Pause(),
        to.register(),
    ],
    "hot as a late body": lambda to: [
        Write(to.cold() + to.register(body=b"", length=f"Content-Length: {len(hot := to.register())}")),
        Pause(),
        hot,
    ],
    "hot as a late chunk": lambda to: [
        Write(to.cold() + to.register(body=b"%x\r\n" % len(hot := to.register()), length="Transfer-Encoding: chunked")),
        Pause(),
        Write(hot, answers=0),
        Pause(),
        b"\r\n0\r\n\r\n",
    ],
    "hot as a body by itself": lambda to: [
        Write(to.register(body=b"", length=f"Content-Length: {len(hot := to.register())}"), answers=0),
        Pause(),
        hot,
    ],
    "hot as a body, much later": lambda to: [
        Write(to.register(body=b"", length=f"Content-Length: {len(hot := to.register())}"), answers=0),
        Pause(_LONG),
        hot,
    ],
    "hot and garbage": lambda to: to.register() + b"garbage\r\n\r\n",
    "hot and one line end": lambda to: [to.register() + b"\r\n", to.register()],
    "hot and a bare LF": lambda to: to.register() + b"\n",
    "hot, then garbage": lambda to: [to.register(), b"garbage\r\n\r\n"],
    "hot, then a byte of zero": lambda to: [to.register(), Write(b"\x00", answers=0)],
    "hot with close, and hot": lambda to: Write(to.register("Connection: close") + to.register()),
    "another while one is under way": lambda to: under_way(
        to.register(), Write(to.register(), answers=0), Pause(), answers=2
    ),
    "a cold one while one is under way": lambda to: under_way(
        to.register(), Write(to.cold(), answers=0), Pause(), answers=2
    ),
    "half of one while one is under way": lambda to: [
        *under_way(to.register(), Write((second := to.register())[:50], answers=0), Pause()),
        Write(second[50:]),
    ],
    "a poll while one is under way": lambda to: under_way(
        to.register(), Write(to.poll(), answers=0), Pause(), answers=2
    ),
    "forty while one is under way": lambda to: under_way(
        to.register(), Write(b"".join(to.register() for _ in range(40)), answers=0), Pause(), answers=41
    ),
    "garbage while one is under way": lambda to: under_way(
        to.register(), Write(b"garbage\r\n\r\n", answers=0), Pause(), answers=2
    ),
    "80 KB of polls while one is under way": lambda to: under_way(
        to.register(), Write(to.poll("", "X-A: " + "a" * 400) * 160, answers=0), Pause(), answers=161
    ),
}
