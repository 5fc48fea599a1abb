"""What an allocator with a list of names would do, to compare the real one with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from events.domain import allocation
from events.domain.commands import Cancellation, Closing, Command, Confirmation, Correction, Expiry, Request, Resize
from events.domain.holds import AppliesTo, ConfirmedBy, HoldTerms
from events.domain.states import HOLDING, Reason, Status
from tests.support.allocation import digest_of

Row = dict[str, Any]


class Naive:
    """What an allocator with a list would do, one command at a time, looking through the whole list for everything.

    `sizes` has the capacity and the waitlist of each ticket type; of 0 for an event without types.
    """

    def __init__(
        self,
        sizes: dict[int, tuple[int, int]],
        ends_ms: int = allocation.NEVER,
        cancel_until_ms: int = allocation.NEVER,
        hold: HoldTerms | None = None,
        draw_ms: int | None = None,
        proof_seconds: int = 0,
    ) -> None:
        self.proof_seconds = proof_seconds
        # Until the draw is held; then None.
        self.draw_ms = draw_ms
        self.sizes, self.ends_ms, self.cancel_until_ms, self.hold = dict(sizes), ends_ms, cancel_until_ms, hold
        self.queue_ms = 0
        self.rows: list[Row] = []

    def of(self, status: Status, line: int) -> list[Row]:
        return [row for row in self.rows if row["status"] is status and row["line"] == line]

    def seats(self, status: Status, line: int) -> int:
        return sum(row["seats"] for row in self.of(status, line))

    def free(self, line: int) -> int:
        return self.sizes[line][0] - self.seats(Status.CONFIRMED, line) - self.seats(Status.HELD, line)

    def do(self, command: Command) -> None:
        if isinstance(command, Request):
            self.register(command)
        elif isinstance(command, Expiry):
            self.expire(command)
        if isinstance(command, Closing) or command.requested_ms >= self.ends_ms:
            return
        if isinstance(command, Confirmation):
            self.confirm(command)
        elif isinstance(command, Cancellation):
            self.cancel(command)
        elif isinstance(command, Correction):
            self.correct(command)
        elif isinstance(command, Resize):
            self.resize(command)
        for line in self.sizes:
            self.move_up(line)

    def register(self, command: Request) -> None:
        told: Row = {"status": Status.REJECTED, "reason": Reason.REGISTRATION_CLOSED}
        if command.requested_ms < self.ends_ms and command.type_id in self.sizes:
            told = {"reason": None, **self.seat(command)}
        named = {"key": command.key, "email": command.email_key, "sold": command.type_id in self.sizes}
        self.rows.append({**named, "line": command.type_id, "seats": command.quantity, **told})
        if self.proof_seconds and not command.added and self.rows[-1]["status"] in HOLDING:
            until = min(self.queue_ms + self.proof_seconds * 1000, self.ends_ms)
            status = Status.WAITLISTED if self.rows[-1]["status"] is Status.WAITLISTED else Status.HELD
            self.rows[-1] |= {"status": status, "until": until, "unproved": True}

    def expire(self, command: Expiry) -> None:
        for row in self.named(command, Status.HELD, Status.WAITLISTED):
            ends = row["status"] is Status.HELD or row.get("unproved")
            if ends and command.requested_ms >= row["until"]:
                row["status"] = Status.EXPIRED

    def confirm(self, command: Confirmation) -> None:
        for row in self.named(command, Status.HELD, Status.WAITLISTED):
            if row.get("unproved"):
                self.prove(row, command)
            elif row["status"] is Status.HELD and command.requested_ms < row["until"] and not command.address:
                row["status"] = Status.CONFIRMED

    def prove(self, row: Row, command: Confirmation) -> None:
        if command.requested_ms >= row["until"] or command.address != digest_of(row["email"]):
            return
        row["unproved"] = False
        if row["status"] is Status.HELD:
            hold = self.hold
            paid = hold is not None and hold.applies_to is AppliesTo.ALL and hold.confirmed_by is ConfirmedBy.ORGANIZER
            row |= self.given(held=paid)

    def cancel(self, command: Cancellation) -> None:
        for row in self.named(command, *HOLDING):
            kept = row["status"] is Status.CONFIRMED and not command.exempt
            if not (kept and command.requested_ms >= self.cancel_until_ms):
                row |= {"status": Status.CANCELLED, "reason": command.reason}

    def correct(self, command: Correction) -> None:
        holding = [row for row in self.rows if row["status"] in HOLDING]
        mine = [row for row in holding if row["key"] == command.ticket]
        others = [row for row in holding if row["key"] != command.ticket]
        if mine and command.email_key not in [row["email"] for row in others]:
            mine[0]["email"] = command.email_key or mine[0]["email"]

    def move_up(self, line: int) -> None:
        """No one passes: the head waits until there are enough seats for all of its group."""
        while (waiting := self.of(Status.WAITLISTED, line)) and waiting[0]["seats"] <= self.free(line):
            unproved = waiting[0].get("unproved")
            waiting[0] |= {"status": Status.HELD} if unproved else self.given(held=self.hold is not None)

    def given(self, *, held: bool) -> Row:
        """What the next in line gets: a seat, or a hold with a full time of its own."""
        if not held or self.hold is None:
            return {"status": Status.CONFIRMED}
        return {"status": Status.HELD, "until": min(self.queue_ms + self.hold.seconds * 1000, self.ends_ms)}

    def named(self, command: Command, *statuses: Status) -> list[Row]:
        return [row for row in self.rows if row["key"] == command.key and row["status"] in statuses]

    def resize(self, command: Resize) -> None:
        before, rows = dict(self.sizes), [dict(row) for row in self.rows]
        if command.types:
            self.sizes = {terms.id: (terms.capacity, terms.waitlist_capacity) for terms in command.types}
            allowed = all(row["line"] in self.sizes for row in rows if row["sold"])
        else:
            capacity, waitlist = before[0]
            asked = (command.max_capacity, command.waitlist_capacity)
            self.sizes = {0: (asked[0] or capacity, waitlist if asked[1] is None else asked[1])}
            allowed = True
        for line in self.sizes:
            self.move_up(line)
        if not (allowed and all(map(self.is_kept, self.sizes))):
            self.sizes, self.rows = before, rows

    def is_kept(self, line: int) -> bool:
        capacity, waitlist = self.sizes[line]
        waiting = self.of(Status.WAITLISTED, line)
        return (
            self.free(line) >= 0
            and self.seats(Status.WAITLISTED, line) <= waitlist
            and all(row["seats"] <= capacity for row in waiting)
        )

    def seat(self, command: Request) -> Row:
        line, asked = command.type_id, command.quantity
        if any(row["email"] == command.email_key and row["status"] in HOLDING for row in self.rows):
            return {"status": Status.REJECTED, "reason": Reason.DUPLICATE}
        if self.draw_ms is not None:
            return self.enter(command, self.draw_ms)
        if command.beyond_capacity:
            # What is kept for the head of the waitlist is not for this guest.
            free = 0 if self.of(Status.WAITLISTED, line) else self.free(line)
            capacity, waitlist = self.sizes[line]
            self.sizes[line] = (capacity + max(0, asked - free), waitlist)
            return self.given(held=self.hold is not None and self.hold.applies_to is AppliesTo.ALL)
        return self.in_turn(line, asked) or {"status": Status.REJECTED, "reason": Reason.SOLD_OUT}

    def in_turn(self, line: int, asked: int) -> Row:
        """What is left for one whose turn it is; empty if nothing is."""
        if not self.of(Status.WAITLISTED, line) and asked <= self.free(line):
            return self.given(held=self.hold is not None and self.hold.applies_to is AppliesTo.ALL)
        capacity, waitlist = self.sizes[line]
        if asked <= capacity and self.seats(Status.WAITLISTED, line) + asked <= waitlist:
            return {"status": Status.WAITLISTED}
        return {}

    def enter(self, command: Request, draw_ms: int) -> Row:
        """An entry for the draw. Who comes beyond the capacity has a seat, and takes none from it."""
        if command.beyond_capacity:
            capacity, waitlist = self.sizes[command.type_id]
            self.sizes[command.type_id] = (capacity + command.quantity, waitlist)
            return self.given(held=self.hold is not None and self.hold.applies_to is AppliesTo.ALL)
        if command.requested_ms >= draw_ms:
            return {"status": Status.REJECTED, "reason": Reason.REGISTRATION_CLOSED}
        return {"status": Status.ENTERED}

    def draw(self, order: Sequence[str], requested_ms: int) -> None:
        """Gives each in this order what is left. They stand in line as they were drawn."""
        for key in order:
            [row] = [row for row in self.rows if row["key"] == key]
            self.rows.remove(row)
            self.rows.append(row)
            nothing = {"status": Status.REJECTED, "reason": Reason.NOT_DRAWN}
            late = requested_ms >= self.ends_ms
            row |= nothing if late else self.in_turn(row["line"], row["seats"]) or nothing
        self.draw_ms = None
