"""Polls of tickets: of every status, with tags, with waits, and of what is no ticket."""

from __future__ import annotations

from tests.support.differential.answers import Answer
from tests.support.differential.observation import Case
from tests.support.differential.requests import Requests
from tests.support.differential.steps import Step, Then, Write

_TAGS: dict[str, str] = {
    "its tag": "{tag}",
    "its tag, weak": "W/{tag}",
    "its tag in a list": '"x", {tag} , "y"',
    "its tag in a list without spaces": '"x",{tag},"y"',
    "a star": "*",
    "another tag": '"c-0123456789abcdef"',
    "no tag": "nothing",
    "nothing": "",
    "its tag without quotes": "{bare}",
    "its tag, weak in lower case": "w/{tag}",
    "many tags": '"x", ' * 1000 + "{tag}",
    "a tag past ASCII": '"\u00e4", {tag}',
}
# What stands in the place of a ticket; {} is a genuine one.
_PATHS: dict[str, str] = {
    "a made-up ticket": "1-" + "A" * 28,
    "a ticket of an event past 63 bits": "9" * 30 + "-" + "A" * 28,
    "a ticket with another end": "{}A",
    "a ticket and a slash": "{}/",
    "a ticket and a dot": "{}.",
    "a ticket and a query": "{}?",
    "a ticket and a fragment": "{}#x",
    "a ticket with an escape": "%31{}",
    "a ticket with a zero before": "0{}",
    "a ticket behind a dot segment": "./{}",
    "a ticket behind a slash": "/{}",
    "a ticket with a space": "{}%20",
    "a ticket with a NUL": "{}%00",
    "a ticket past ASCII": "{}\u00e4",
    "no ticket": "",
    "a short one": "x",
    "a long one": "1-" + "A" * 7000,
    "a wait": "{}?wait=1",
    "a wait of 31": "{}?wait=31",
    "a wait of nothing": "{}?wait=",
    "two waits": "{}?wait=1&wait=1",
    "another parameter": "{}?x=1",
    "an escaped wait": "{}?w%61it=1",
    "its stream": "{}/events",
    "what it has not": "{}/nothing",
}


def _status(status: str) -> Case:
    return lambda to: [to.poll(getattr(to.prepared, status))] * 2


def _path(path: str) -> Case:
    return lambda to: to.poll(line="GET /registrations/" + path.replace("{}", to.prepared.confirmed) + " HTTP/1.1")


def _tag(value: str) -> Case:
    def again(to: Requests, answers: list[Answer]) -> bytes:
        tag = answers[-1].field(b"etag").decode()
        return to.poll("", "If-None-Match: " + value.format(tag=tag, bare=tag.strip('"')))

    return lambda to: [to.poll(), Then(lambda answers: again(to, answers))]


def ticket_of(answer: Answer) -> str:
    """The ticket of an accepted registration."""
    return answer.field(b"location").decode().rpartition("/")[2]


def _own(*fields: str, line: str = "GET {path} HTTP/1.1", keyed: bool = False) -> Case:
    """A registration, and a poll of its ticket on the same connection."""

    def case(to: Requests) -> list[bytes | Step]:
        key = ["Idempotency-Key: one"] if keyed else []
        return [to.register(*key), Then(lambda answers: to.poll(ticket_of(answers[0]), *fields, line=line))]

    return case


def _unchanged(to: Requests) -> list[bytes | Step]:
    """A queued ticket, and then with its tag, once at once and once held until nothing has happened for a second."""

    def again(answers: list[Answer], line: str) -> bytes:
        tag = answers[1].field(b"etag").decode()
        return to.poll(ticket_of(answers[0]), f"If-None-Match: {tag}", line=line)

    return [
        to.register(),
        Then(lambda answers: to.poll(ticket_of(answers[0]))),
        Then(lambda answers: again(answers, "GET {path} HTTP/1.1")),
        Then(lambda answers: again(answers, "GET {path}?wait=1 HTTP/1.1")),
        Then(lambda answers: again(answers, "GET {path} HTTP/1.1")),
    ]


CASES: dict[str, Case] = {
    **{f"a {status} ticket": _status(status) for status in ("confirmed", "rejected", "waitlisted", "cancelled")},
    **{f"with {name}": _tag(value) for name, value in _TAGS.items()},
    **{name: _path(path) for name, path in _PATHS.items()},
    "a queued ticket": _own(),
    "a queued ticket with a key": _own(keyed=True),
    "a queued ticket, then close": _own("Connection: close"),
    "a queued ticket in HTTP/1.0": _own(line="GET {path} HTTP/1.0"),
    "a queued ticket that has not changed": _unchanged,
    "HEAD with a tag": lambda to: [Write(to.poll("", "If-None-Match: *", line="HEAD {path} HTTP/1.1"), head=True)],
}
