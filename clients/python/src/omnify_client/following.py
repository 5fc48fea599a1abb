"""Follows one ticket: by its stream, else by long polls, else by polling as `Retry-After` says.

Where one way fails the next is taken, and when that works the better one is tried again; a way that failed three times
while another worked is given up for this ticket (a proxy that holds streams back, say). A door that is killed breaks a
stream once, and costs one pause.

    stream ──fails──► long poll ──fails──► poll
       ▲                 │  ▲                │
       └──── worked ─────┘  └──── worked ────┘
"""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import IntEnum
from typing import Any

from omnify_client.errors import ApiConnectionError, OmnifyError, WaitTimeout
from omnify_client.flow import (
    Emit,
    Flow,
    Open,
    Policy,
    Read,
    Request,
    Response,
    Send,
    Sleep,
    Unreachable,
    is_passing,
    refusal,
    retry_after,
)
from omnify_client.models import FINAL, Ticket, load
from omnify_client.server_sent_events import EventStream

# The service sends something every 15 seconds.
SILENCE_SECONDS = 35.0
LONGEST_POLL = 25
STRIKES = 3
KNOWN = FINAL | {"queued", "entered", "held", "waitlisted"}

Until = Callable[[Ticket], bool]


class Way(IntEnum):
    """How news come. The lower the better."""

    STREAM = 0
    LONG_POLL = 1
    POLL = 2


class Following:
    """One ticket being followed. `ticket` is as last seen, `_tag` its ETag."""

    def __init__(self, policy: Policy, path: str, *, timeout: float | None, until: Until) -> None:
        self.ticket: Ticket | None = None
        self._policy = policy
        self._path = path
        self._deadline = float("inf") if timeout is None else policy.clock() + timeout
        self._tag = ""
        self._until = until
        self._over = False
        self._way = Way.STREAM
        self._strikes = {Way.STREAM: 0, Way.LONG_POLL: 0}
        self._failures = 0
        self._failing_since = policy.clock()
        self._pause = 0.0

    def run(self) -> Flow[None]:
        """Emits the ticket as it is, then each change of it, until its status is final.

        Raises:
            WaitTimeout: the deadline came first.
            ApiError: there is no such ticket, say.
            ApiConnectionError: no way has worked for `retry_seconds`.
        """
        while True:
            way = self._way if self._left() > SILENCE_SECONDS else max(self._way, Way.LONG_POLL)
            try:
                yield from self._stream() if way is Way.STREAM else self._read(way)
            except OmnifyError as problem:
                self._failed(way, problem)
            except Unreachable as reason:
                self._failed(way, ApiConnectionError(f"no response: {reason}"))
            else:
                self._worked(way)
            if self._over:
                return
            if self._left() <= 0:
                raise WaitTimeout(self.ticket)
            yield Sleep(min(self._pause, self._left()))

    def _stream(self) -> Flow[None]:
        """Reads a stream to its end. Raises what shows that this way does not work here."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": self._tag} if self._tag else {})
        request = Request(method="GET", path=f"{self._path}/events", headers=headers)
        response: Response = yield Open(request, SILENCE_SECONDS)
        if response.status == 204:
            self._over = True  # the tag was that of a final status
        elif response.status != 200 or not response.headers.get("content-type", "").startswith("text/event-stream"):
            raise refusal(response)
        else:
            yield from self._events()

    def _events(self) -> Flow[None]:
        parser, opened_at, news = EventStream(), self._policy.clock(), 0
        while self._left() > SILENCE_SECONDS:
            piece: bytes | None = yield Read()
            if piece is None:
                # A door that restarts ends its streams; they say when to come back.
                self._pause = parser.retry_seconds or 1.0
                if not news and self._policy.clock() - opened_at < SILENCE_SECONDS:
                    raise ApiConnectionError("the stream ended without news")
                return
            self._failures, self._failing_since = 0, self._policy.clock()
            for event in parser.feed(piece):
                news += yield from self._take(event.id, _parsed(event.data))
                if self._over:
                    return
        self._pause = 0.0  # the deadline is near: a long poll ends in time

    def _read(self, way: Way) -> Flow[None]:
        """Reads the ticket once; a long poll waits for a change of its status."""
        wait = int(max(0, min(LONGEST_POLL, self._left()))) if way is Way.LONG_POLL and self._tag else 0
        request = Request(
            method="GET",
            path=self._path,
            params={"wait": str(wait)} if wait else {},
            headers={"If-None-Match": self._tag} if self._tag else {},
        )
        asked_at = self._policy.clock()
        response: Response = yield Send(request, wait + max(1.0, min(self._policy.timeout, self._left())))
        self._pause = retry_after(response) or 1.0
        if response.status == 304:
            news = 0
        elif response.understood:
            news = yield from self._take(response.headers.get("etag", ""), response.data, response)
        else:
            raise refusal(response)
        if news or (wait and self._policy.clock() - asked_at > wait / 2):
            self._pause = 0.0  # it was held: the next one may begin at once
        elif wait:
            self._strikes[Way.LONG_POLL] += 1  # answered at once: something in between does not know of `wait`

    def _take(self, tag: str, data: Any, response: Response | None = None) -> Flow[int]:
        """Emits the ticket if it has changed. Returns 1 if it has, else 0."""
        ticket = load(Ticket, data)
        if not ticket.status:
            raise ApiConnectionError("the response is not the service's")
        changed = self.ticket is None or ticket != self.ticket
        self._tag, self.ticket = tag, ticket
        # A status of a later service is final if the service does not say when to ask again.
        unknown = response is not None and ticket.status not in KNOWN and retry_after(response) is None
        self._over = ticket.final or unknown or self._until(ticket)
        if changed:
            yield Emit(ticket)
        return int(changed)

    def _worked(self, way: Way) -> None:
        self._failures, self._failing_since = 0, self._policy.clock()
        if way is Way.STREAM:
            self._strikes[Way.STREAM] = 0
        better = [one for one in (Way.STREAM, Way.LONG_POLL) if one < way and self._strikes[one] < STRIKES]
        # After the last resort a long poll first: it says whether anything is there that could hold a stream.
        self._way = max(better) if better else way
        if better:
            self._pause = min(self._pause, 1.0) * self._policy.random()

    def _failed(self, way: Way, problem: OmnifyError) -> None:
        if not is_passing(problem):
            if way is not Way.STREAM:
                raise problem
            self._strikes[way] = STRIKES  # this way is barred; what is wrong with the ticket, a poll will say
        self._failures += 1
        if way is not Way.POLL:
            self._strikes[way] += 1
        if self._policy.clock() - self._failing_since > self._policy.retry_seconds:
            raise problem
        self._way = Way(min(way + 1, Way.POLL))
        asked = getattr(problem, "retry_after", None) or 0.0
        self._pause = max(asked, self._policy.pause(self._failures))

    def _left(self) -> float:
        return self._deadline - self._policy.clock()


def follow(policy: Policy, path: str, *, timeout: float | None) -> Flow[None]:
    """Emits a ticket's states until the last. See `Following.run`."""
    yield from Following(policy, path, timeout=timeout, until=lambda ticket: ticket.final).run()


def wait(policy: Policy, path: str, *, timeout: float | None, until: Until) -> Flow[Ticket]:
    """Returns the ticket once `until` says so, or its status is final. Raises as `Following.run` does."""
    following = Following(policy, path, timeout=timeout, until=until)
    yield from following.run()
    assert following.ticket is not None
    return following.ticket


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
