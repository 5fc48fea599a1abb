"""The requests of one process: register everyone, read each ticket until it is decided, cancel some.

Tickets are read in the order of their 202s. They are decided in that order too, so nearly every request finds a
decision. When all processes are done and the queue is empty, every ticket is read once more. With holds that is when no
seat is set aside any more; meanwhile those who wait are asked for again and again, and pay when their turn comes.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from functools import partial

import msgspec

from events.domain.states import TERMINAL, Status
from rehearsal.cancellations import Cancellations
from rehearsal.confirmations import Confirmations
from rehearsal.crowd import Registration, registrations
from rehearsal.envelope import decode
from rehearsal.http import Response, Target, parse_target
from rehearsal.reading import decoder, read_ticket
from rehearsal.records import ACCEPTED, RegistrationResult, Tally, Ticket, Workload, WorkloadResult
from rehearsal.retrying import RetryingConnection, retry_after

LONGEST_POLL_PAUSE = 0.5
LOOKS_AT = 20  # of so many registrations one is read at once: those that are followed later are decided by then
WAITLIST_SECONDS = 0.5
PREFER = "Prefer: receipt\r\n"
_DEFAULTS = {("ticket_type", 0), ("quantity", 1)}
_DECIDED = {*TERMINAL, Status.HELD, Status.WAITLISTED}

_encoder = msgspec.json.Encoder()


class Guests:
    """The guests of one workload.

    The process sets `all_idle` when all processes are done and the queue is empty, and both events to give up.
    """

    def __init__(self, workload: Workload) -> None:
        self.given_up = asyncio.Event()
        self.all_idle = asyncio.Event()
        self._workload = workload
        self._target: Target = parse_target(workload.url)
        self._retries: Counter[str] = Counter()
        self._results: list[RegistrationResult] = []
        self._tickets: list[Ticket] = []
        self._unlikely: set[str] = set()
        self._cancellations = Cancellations(self._target)
        self._confirmations = Confirmations(self._target, workload)
        self._accepted = self._decided = self._read_again = self._idle = 0

    def tally(self) -> Tally:
        return Tally(
            len(self._results),
            self._accepted,
            self._decided,
            dict(self._retries),
            len(self._cancellations.seen),
            self._read_again,
            self._idle,
            len(self._confirmations.seen),
        )

    async def run(self) -> WorkloadResult:
        """Registers every guest of the workload, then reads every ticket until it is decided.

        Raises:
            Unreadable: a response is not the service's.
        """
        workload = self._workload
        crowd = registrations(
            people=workload.people,
            duplicates=workload.duplicates,
            cancel=workload.cancel,
            types=max(1, len(workload.type_ids)),
            groups=workload.groups,
            codes=len(workload.codes),
            pay=workload.pay if workload.hold else 0,
        )
        mine = enumerate(crowd[workload.index :: workload.processes])
        started_at = time.monotonic()
        await self._on_all_connections(lambda connection: self._register_next(connection, mine, started_at))
        given = iter([result.ticket_id for result in self._results if result.accepted])
        await self._on_all_connections(lambda connection: self._follow_next(connection, given))
        if workload.reads_again:
            await self._read_all_again()
        return WorkloadResult(self._results, self._tickets, self._cancellations.seen, self._confirmations.seen)

    async def _read_all_again(self) -> None:
        self._idle = 1
        if self._workload.hold:
            await self._watch_the_waitlist()
        await self.all_idle.wait()
        before, self._tickets = iter(self._tickets), []
        await self._on_all_connections(lambda connection: self._read_next_again(connection, before))

    async def _watch_the_waitlist(self) -> None:
        while not self.all_idle.is_set():
            waiting = iter([at for at, ticket in enumerate(self._tickets) if ticket.status == Status.WAITLISTED])
            await self._on_all_connections(partial(self._look_at_waiting, waiting=waiting))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAITLIST_SECONDS):
                    await self.all_idle.wait()

    async def _look_at_waiting(self, connection: RetryingConnection, *, waiting: Iterator[int]) -> None:
        for at in waiting:
            before = self._tickets[at]
            response = await connection.send(self._target.request("GET", f"/registrations/{before.ticket_id}"))
            if response is None:
                return
            self._tickets[at] = found = read_ticket(before.ticket_id, response, before=before)
            if found.status == Status.HELD:
                await self._confirmations.held(connection, found.ticket_id, moved_up=True)

    async def _on_all_connections(self, work: Callable[[RetryingConnection], Awaitable[None]]) -> None:
        connections = [
            RetryingConnection(target=self._target, retries=self._retries, given_up=self.given_up)
            for _ in range(self._workload.connections)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for connection in connections:
                    group.create_task(_awaited(work(connection)))
        finally:
            for connection in connections:
                connection.close()

    async def _register_next(
        self, connection: RetryingConnection, mine: Iterator[tuple[int, Registration]], started_at: float
    ) -> None:
        for index, registration in mine:
            if self._workload.rate is not None:
                await connection.pause(started_at + index / self._workload.rate - time.monotonic())
            response = await connection.send(self._request(registration))
            result = _registration_result(registration, self._type_id(registration), connection, response)
            self._results.append(result)
            self._accepted += result.accepted
            self._confirmations.registered(registration, result)
            if result.accepted and registration.number % LOOKS_AT == 0:
                await self._look(connection, result.ticket_id)
            await self._cancellations.registered(connection, registration, result)

    async def _look(self, connection: RetryingConnection, ticket_id: str) -> None:
        """Reads a ticket while it is in line, and notes whether it is told that a seat is unlikely."""
        response = await connection.send(self._target.request("GET", f"/registrations/{ticket_id}"))
        if response is not None and read_ticket(ticket_id, response).unlikely:
            self._unlikely.add(ticket_id)

    def _request(self, registration: Registration) -> bytes:
        return self._target.request(
            "POST",
            f"/events/{self._workload.event_id}/register",
            headers=f"Content-Type: application/json\r\nAuthorization: Bearer {self._workload.token}\r\n"
            f"Idempotency-Key: rehearsal-{self._workload.run}-{registration.number}\r\n"
            f"{PREFER if self._workload.receipts else ''}",
            body=_encoder.encode({"name": registration.name, "email": registration.email, **self._seats(registration)}),
        )

    def _type_id(self, registration: Registration) -> int:
        ids = self._workload.type_ids
        return ids[registration.type_index] if ids else 0

    def _seats(self, registration: Registration) -> dict[str, int | str]:
        """Returns the fields that say what is asked for; none for one seat of an event without types and codes."""
        fields = {"ticket_type": self._type_id(registration), "quantity": registration.seats}
        asked: dict[str, int | str] = {name: n for name, n in fields.items() if (name, n) not in _DEFAULTS}
        if registration.code_index >= 0:
            asked["code"] = self._workload.codes[registration.code_index]
        return asked

    async def _follow_next(self, connection: RetryingConnection, given: Iterator[str]) -> None:
        for ticket_id in given:
            self._tickets.append(await self._follow(connection, ticket_id))
            self._decided += self._tickets[-1].status in _DECIDED
            if self._tickets[-1].status == Status.HELD:
                await self._confirmations.held(connection, ticket_id)
            await self._cancellations.cancel(connection, ticket_id)

    async def _read_next_again(self, connection: RetryingConnection, before: Iterator[Ticket]) -> None:
        for ticket in before:
            response = await connection.send(self._target.request("GET", f"/registrations/{ticket.ticket_id}"))
            self._tickets.append(ticket if response is None else read_ticket(ticket.ticket_id, response, before=ticket))
            self._read_again += response is not None

    async def _follow(self, connection: RetryingConnection, ticket_id: str) -> Ticket:
        ticket = Ticket(ticket_id, "unread")
        request = self._target.request("GET", f"/registrations/{ticket_id}")
        while (response := await connection.send(request)) is not None:
            ticket = read_ticket(ticket_id, response)
            if ticket.unlikely:
                self._unlikely.add(ticket_id)
            if ticket.status != Status.QUEUED:
                break
            await connection.pause(min(retry_after(response, default=1.0), LONGEST_POLL_PAUSE))
        return msgspec.structs.replace(ticket, unlikely=ticket_id in self._unlikely)


def _registration_result(
    registration: Registration, type_id: int, connection: RetryingConnection, response: Response | None
) -> RegistrationResult:
    now = time.monotonic()
    status, body = decode(decoder, response)
    return RegistrationResult(
        number=registration.number,
        email=registration.email,
        status=status,
        code=body.code,
        ticket_id=body.data.ticket_id if status == ACCEPTED and body.data else "",
        first_sent_at=connection.first_sent_at,
        answered_at=now,
        latency=now - connection.last_sent_at,
        type_id=type_id,
        seats=registration.seats,
        code_index=registration.code_index,
        receipt=bytes(body.data.receipt).decode() if status == ACCEPTED and body.data else "",
    )


async def _awaited(work: Awaitable[None]) -> None:
    await work
