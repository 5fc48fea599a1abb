"""Event streams and long polls pass unbuffered, and no time limit of a proxy cuts them."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

import h2.events

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.findings import demand, wait_until
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.http2 import Client2

# The service is silent for 15 seconds at most, and holds a poll for 30: a stream is ended at its second sign of life.
QUIET_SECONDS = 29.0
PROMPT_SECONDS = 5.0


class LongWaits:
    """A stream over each protocol that stays open, and a long poll over each: begun here, looked at in the end."""

    def __init__(self, front: Front, pool: ThreadPoolExecutor) -> None:
        self._front = front
        self.event = events.create(front.service, seats=1, waitlist=50)
        tickets = [front.ticket(self.event) for _ in range(5)]
        self._wait_for(tickets[0], "confirmed")
        for ticket in tickets[1:]:
            self._wait_for(ticket, "waitlisted")
        self._streams: list[Future[tuple[float, str]]] = [
            pool.submit(self._stream, tickets[1]),
            pool.submit(self._stream2, tickets[2]),
        ]
        self._polls: list[Future[tuple[float, int]]] = [
            pool.submit(self._poll, tickets[3]),
            pool.submit(self._poll2, tickets[4]),
        ]

    def streams_stay(self, front: Front) -> str:
        """The first event comes at once, a sign of life every 15 seconds, and the end when the ticket is cancelled."""
        found = [stream.result(120) for stream in self._streams]
        for (first, text), protocol in zip(found, ("HTTP/1.1", "HTTP/2"), strict=True):
            demand(first < PROMPT_SECONDS, f"{protocol}: the first event came after {first:.1f} s")
            demand(text.count(": keep-alive") >= 2, f"{protocol}: {text.count(': keep-alive')} signs of life")
            demand(
                '"status":"cancelled"' in text.replace(" ", ""), f"{protocol}: the last event was not the ticket's end"
            )
        slowest = max(first for first, _ in found) * 1000
        return f"open for two signs of life over both protocols, first event after {slowest:.0f} ms"

    def polls_are_held(self, front: Front) -> str:
        """A long poll is answered when its time is over, and not before."""
        for (seconds, status), protocol in zip(
            [p.result(120) for p in self._polls], ("HTTP/1.1", "HTTP/2"), strict=True
        ):
            demand(status == 200, f"{protocol}: answered {status} after {seconds:.1f} s")
            demand(seconds >= 29, f"{protocol}: answered after {seconds:.1f} s")
        return "held for 30 s over both protocols"

    def _wait_for(self, ticket: str, status: str) -> None:
        wait_until(
            lambda: self._front.service.call("GET", f"/registrations/{ticket}")["status"] == status,
            seconds=30,
            otherwise=f"a ticket does not become {status}",
        )

    def _stream(self, ticket: str) -> tuple[float, str]:
        begun = time.monotonic()
        with self._front.client() as client:
            client.send("GET", f"/registrations/{ticket}/events", {"Referer": f"https://localhost/t/{ticket}"})
            status, _ = client.head()
            demand(status == 200, f"a stream is answered {status}")
            text = client.chunk().decode()
            first = time.monotonic() - begun
            while chunk := client.chunk():
                text += chunk.decode()
                if time.monotonic() - begun > QUIET_SECONDS and '"cancelled"' not in text:
                    self._front.service.call("DELETE", f"/registrations/{ticket}")
        return first, text

    def _stream2(self, ticket: str) -> tuple[float, str]:
        begun, first, text = time.monotonic(), 0.0, ""
        client = Client2(self._front.context("h2"), self._front.https)
        stream = client.send(
            [
                (":method", "GET"),
                (":scheme", "https"),
                (":authority", f"localhost:{self._front.https}"),
                (":path", f"/registrations/{ticket}/events"),
                ("referer", f"https://localhost/t/{ticket}"),
            ]
        )
        for event in client.events(stream):
            if isinstance(event, h2.events.DataReceived) and event.data:
                text += event.data.decode()
                first = first or time.monotonic() - begun
                if time.monotonic() - begun > QUIET_SECONDS and '"cancelled"' not in text:
                    self._front.service.call("DELETE", f"/registrations/{ticket}")
        client.close()
        return first, text

    def _poll(self, ticket: str) -> tuple[float, int]:
        begun = time.monotonic()
        answer = self._front.request("GET", f"/registrations/{ticket}?wait=30")
        return time.monotonic() - begun, answer.status

    def _poll2(self, ticket: str) -> tuple[float, int]:
        begun = time.monotonic()
        client = Client2(self._front.context("h2"), self._front.https)
        answer = client.request("GET", f"/registrations/{ticket}?wait=30")
        client.close()
        return time.monotonic() - begun, answer.status


def lets_go(front: Front) -> str:
    """A client that goes takes its stream at the door with it."""
    event = events.create(front.service, seats=1, waitlist=50)
    front.ticket(event)
    ticket = front.ticket(event)
    wait_until(
        lambda: front.service.call("GET", f"/registrations/{ticket}")["status"] == "waitlisted",
        seconds=30,
        otherwise="a ticket does not become waitlisted",
    )
    watchers = _watchers(front)
    old, new = front.client(), Client2(front.context("h2"), front.https)
    old.send("GET", f"/registrations/{ticket}/events")
    old.head()
    old.chunk()
    target = f"/registrations/{ticket}/events"
    stream = new.send(
        [(":method", "GET"), (":scheme", "https"), (":authority", f"localhost:{front.https}"), (":path", target)]
    )
    next(event for event in new.events(stream) if isinstance(event, h2.events.DataReceived))
    wait_until(lambda: _watchers(front) == watchers + 2, seconds=10, otherwise="the streams are not at the doors")
    begun = time.monotonic()
    old.close()
    new.close()
    wait_until(
        lambda: _watchers(front) <= watchers,
        seconds=10,
        otherwise=f"{_watchers(front) - watchers:.0f} of 2 streams are still at the doors",
    )
    return f"gone from the doors {time.monotonic() - begun:.1f} s after its client"


def _watchers(front: Front) -> float:
    return front.service.metric("omnify_watchers", 'kind="stream"')
