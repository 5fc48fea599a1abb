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
from datetime import UTC, datetime, timedelta
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

# These need seats that are set aside first.
HOLD_FAULTS = {
    "takes the seat too early": "Every hold ended once",
    "forgets a payment": "Every hold ended once",
    "refuses the same payment": "Every hold ended once",
    "lets the last pass": "No one passed within a type",
}
# The time of a hold, whatever was asked for: no promise is about its length. What is over ends once all who pay have.
HOLD_SECONDS = 0.05

Body = dict[str, Any]


class StandIn:
    """One event. `fault` is "" or one of FAULTS, MOVING_FAULTS or HOLD_FAULTS."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.holds = self.ran_out = False
        self.seats = self.waitlist = self.place = 0
        self.line: list[tuple[str, Body]] = []
        self.tickets: dict[str, Body] = {}
        self.keys: dict[str, Body] = {}

    def answer(self, method: str, path: str, key: str, body: Body) -> tuple[int, Body | str]:
        path, _, query = path.partition("?")
        if method == "POST" and path == "/events":
            self.seats, self.waitlist = body["max_capacity"], body["waitlist_capacity"]
            self.holds = "hold" in body
            return 201, data(self.event())
        if path.endswith("/confirm"):
            return self.confirm(self.tickets[path.split("/")[2]], body["payment_reference"])
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

    def confirm(self, ticket: Body, reference: str) -> tuple[int, Body]:
        if ticket["status"] == "held":
            if self.fault != "forgets a payment" or ticket["sequence"] != 3:
                move(ticket, "confirmed", None)
            ticket["reference"] = reference
            return 202, data(shown(ticket))
        again = ticket["status"] == "confirmed" and ticket["reference"] == reference
        if again and self.fault != "refuses the same payment":
            return 202, data(shown(ticket))
        return 409, {"success": False, "code": "not_held", "message": "No."}

    def run_out(self) -> None:
        """Ends the holds of those who got a seat at once. Those who move up pay."""
        held = self.having("held")
        early = self.fault == "takes the seat too early"
        if self.ran_out or not held or (datetime.now(UTC).isoformat() < held[-1]["expires_at"] and not early):
            return
        self.ran_out = True
        for ticket in held:
            move(ticket, "expired", None)
            self.promote()

    def seat(self, ticket: Body) -> None:
        move(ticket, "held" if self.holds else "confirmed", None)
        if self.holds:
            seconds = 3600 if self.fault == "takes the seat too early" else HOLD_SECONDS
            ticket["expires_at"] = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()

    def enter(self, what: str, ticket: Body) -> int:
        self.place += 1
        self.line.append((what, ticket))
        return self.place

    def give_back(self, ticket: Body) -> Body:
        holds = ticket["status"] in ("queued", "held", "confirmed", "waitlisted")
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
                self.decide_one(ticket)
            elif ticket["status"] in ("held", "confirmed", "waitlisted") and self.fault != "ignores cancellations":
                move(ticket, "cancelled", "by_holder")
                self.promote()

    def decide_one(self, ticket: Body) -> None:
        status, reason = self.end_of(ticket)
        if status == "confirmed":
            self.seat(ticket)
        else:
            move(ticket, status, reason)

    def promote(self) -> None:
        waiting = self.having("waitlisted")
        if waiting and self.taken < self.seats and self.fault != "promotes no one":
            self.seat(waiting[-1 if self.fault in ("promotes the last", "lets the last pass") else 0])

    @property
    def taken(self) -> int:
        return len(self.having("confirmed")) + len(self.having("held"))

    def end_of(self, ticket: Body) -> tuple[str, str | None]:
        if self.fault == "loses a ticket" and ticket["sequence"] == 3:
            return "lost", None
        held = ("held", "confirmed", "waitlisted", *(["cancelled"] if self.fault == "keeps the e-mail" else []))
        holders = {other["email"] for other in self.having(*held)}
        if ticket["email"] in holders and self.fault != "seats a person twice":
            return "rejected", "duplicate"
        if self.taken < self.seats + (self.fault == "oversells"):
            return "confirmed", None
        return ("waitlisted", None) if len(self.having("waitlisted")) < self.waitlist else ("rejected", "sold_out")

    def having(self, *statuses: str) -> list[Body]:
        return [ticket for ticket in self.tickets.values() if ticket["status"] in statuses]

    def event(self) -> Body:
        counts = {status: len(self.having(status)) for status in ("confirmed", "held", "waitlisted")}
        sizes = {"max_capacity": self.seats, "waitlist_capacity": self.waitlist, "seats_left": self.seats - self.taken}
        return {"id": 1, **sizes, **{f"{status}_count": count for status, count in counts.items()}}

    def stats(self) -> Body:
        """Is asked for once all of the crowd have registered, read their tickets, and paid."""
        self.decide()
        self.run_out()
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
    return {name: value for name, value in ticket.items() if name not in ("email", "reference")}


def move(ticket: Body, status: str, reason: str | None) -> None:
    ticket.update(status=status, reason=reason, decided_at=now())


def now() -> str:
    return datetime.now(UTC).isoformat()
