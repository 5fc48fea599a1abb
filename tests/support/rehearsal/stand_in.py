"""A service in a hundred lines, honest or with one fault, for a crowd to register at over real HTTP.

It keeps everything in memory and decides at once, whenever a client asks for a ticket.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from rehearsal.evidence import short
from tests.support.asyncio_server import Connections

FAULTS = {
    "oversells": "Every seat is filled, none twice",
    "loses a ticket": "Every 202 was kept",
    "never decides": "Every 202 was kept",
    "serves the last first": "First come, first seated",
    "hides an attendee": "The attendee list is the confirmed tickets",
    "seats a person twice": "No e-mail has two seats",
    "breaks down": "Every registration was answered",
    "forgets to count": "The service's counts agree",
}
# These need a cancellation and a waitlist.
MOVING_FAULTS = {
    "promotes the last": "Every decision follows the order of admission",
    "promotes no one": "The waitlist is in order",
    "ignores cancellations": "Cancellations took effect, and no others",
    "keeps the e-mail": "Every decision follows the order of admission",
    "turns back": "No status went backwards",
}

Body = dict[str, Any]


class StandIn:
    """One event. `fault` is "" or one of FAULTS or MOVING_FAULTS."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.seats = self.waitlist = self.place = 0
        self.line: list[tuple[str, Body]] = []
        self.tickets: dict[str, Body] = {}
        self.keys: dict[str, Body] = {}

    def answer(self, method: str, path: str, key: str, body: Body) -> tuple[int, Body | str]:
        path, _, query = path.partition("?")
        if method == "POST" and path == "/events":
            self.seats, self.waitlist = body["max_capacity"], body["waitlist_capacity"]
            return 201, data(self.event())
        if path.endswith("/register"):
            return self.register(key, body)
        if method == "DELETE":
            return 202, data(self.give_back(self.tickets[path.rpartition("/")[2]]))
        if path.startswith("/registrations/"):
            self.decide()
            return 200, data(shown(self.tickets[path.rpartition("/")[2]]))
        if path.endswith("/stats"):
            return 200, data(self.stats())
        return 200, self.attendees() if query == "format=csv" else data(self.event())

    def register(self, key: str, body: Body) -> tuple[int, Body]:
        if key in self.keys:
            return 202, data(shown(self.keys[key]))
        number = len(self.tickets) + 1
        if self.fault == "breaks down" and number == 5:
            return 500, {"success": False, "code": "internal_error", "message": "Sorry."}
        ticket: Body = {
            "ticket_id": f"1-{number:08}{'x' * 20}",
            "status": "queued",
            "reason": None,
            "sequence": self.enter("register", {}),
            "requested_at": now(),
            "email": body["email"].lower(),
        }
        self.line[-1] = ("register", ticket)
        self.tickets[ticket["ticket_id"]] = self.keys[key] = ticket
        return 202, data(shown(ticket))

    def enter(self, what: str, ticket: Body) -> int:
        self.place += 1
        self.line.append((what, ticket))
        return self.place

    def give_back(self, ticket: Body) -> Body:
        holds = ticket["status"] in ("queued", "confirmed", "waitlisted")
        place = self.enter("cancel", ticket) if holds else None
        return {**shown(ticket), "cancellation_sequence": place}

    def decide(self) -> None:
        line, self.line = self.line, []
        if self.fault == "serves the last first":
            line.reverse()
        if self.fault == "never decides":
            self.line = [entry for entry in line if entry[1]["sequence"] == 2]
            line = [entry for entry in line if entry[1]["sequence"] != 2]
        for what, ticket in line:
            if what == "register":
                move(ticket, *self.end_of(ticket))
            elif ticket["status"] in ("confirmed", "waitlisted") and self.fault != "ignores cancellations":
                move(ticket, "cancelled", "by_holder")
                self.promote()

    def promote(self) -> None:
        waiting = self.having("waitlisted")
        if waiting and len(self.having("confirmed")) < self.seats and self.fault != "promotes no one":
            move(waiting[-1 if self.fault == "promotes the last" else 0], "confirmed", None)

    def end_of(self, ticket: Body) -> tuple[str, str | None]:
        if self.fault == "loses a ticket" and ticket["sequence"] == 3:
            return "lost", None
        held = ("confirmed", "waitlisted", *(["cancelled"] if self.fault == "keeps the e-mail" else []))
        holders = {other["email"] for other in self.having(*held)}
        if ticket["email"] in holders and self.fault != "seats a person twice":
            return "rejected", "duplicate"
        if len(self.having("confirmed")) < self.seats + (self.fault == "oversells"):
            return "confirmed", None
        return ("waitlisted", None) if len(self.having("waitlisted")) < self.waitlist else ("rejected", "sold_out")

    def having(self, *statuses: str) -> list[Body]:
        return [ticket for ticket in self.tickets.values() if ticket["status"] in statuses]

    def event(self) -> Body:
        taken, waiting = len(self.having("confirmed")), len(self.having("waitlisted"))
        sizes = {"max_capacity": self.seats, "waitlist_capacity": self.waitlist, "seats_left": self.seats - taken}
        return {"id": 1, **sizes, "confirmed_count": taken, "waitlisted_count": waiting}

    def stats(self) -> Body:
        self.decide()
        if self.fault == "turns back":  # once: asked for when all tickets have been read
            self.fault = ""
            move(self.having("confirmed")[0], "waitlisted", None)
        rejected = Counter(ticket["reason"] for ticket in self.having("rejected"))
        if self.fault == "forgets to count":
            rejected["sold_out"] -= 1
        counts = {status: len(self.having(status)) for status in ("confirmed", "waitlisted", "cancelled")}
        return {"queued": len(self.line), "rejected": rejected, **counts}

    def attendees(self) -> str:
        rows = self.having("confirmed")[self.fault == "hides an attendee" :]
        lines = [f"{short(row['ticket_id'])},Guest,{row['email']},{row['sequence']}" for row in rows]
        return "\n".join(["reference,name,email,sequence", *lines])

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self.serve_one(reader, writer)

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in lines}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        method, path, _ = first.split(" ")
        status, body = self.answer(method, path, headers.get("idempotency-key", ""), json.loads(raw) if raw else {})
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(text)}\r\nRetry-After: 1\r\n\r\n"
        writer.write(head.encode() + text)


@contextlib.contextmanager
def running(service: StandIn) -> Iterator[str]:
    """Serves on a free loopback port, in a thread; yields the address."""
    loop, connections = asyncio.new_event_loop(), Connections(service.serve)
    server = loop.run_until_complete(asyncio.start_server(connections.accept, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(connections.end(server), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


def data(value: Any) -> Body:
    return {"success": True, "message": "OK", "data": value}


def shown(ticket: Body) -> Body:
    return {name: value for name, value in ticket.items() if name != "email"}


def move(ticket: Body, status: str, reason: str | None) -> None:
    ticket.update(status=status, reason=reason, decided_at=now())


def now() -> str:
    return datetime.now(UTC).isoformat()
