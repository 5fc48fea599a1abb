"""What the people of one process do: register, all of them, and then ask for their ticket until it is
decided.

Tickets are asked for in the order in which they were given. They are decided in that order too, so nearly
every question finds a decision, and only as many as there are connections wait at the frontier.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime

import msgspec

from events.domain.states import TERMINAL, Status
from events.rehearsal.crowd import Registration, registrations
from events.rehearsal.http import Reply, Target, parse_target
from events.rehearsal.line import Line, retry_after
from events.rehearsal.records import ACCEPTED, NO_ANSWER, Answer, Part, Share, Tally, Ticket

LONGEST_POLL_PAUSE = 0.5

_encoder = msgspec.json.Encoder()


class _TicketData(msgspec.Struct):
    ticket_id: str = ""
    status: str = ""
    reason: str | None = None
    sequence: int | None = None
    requested_at: datetime | None = None
    decided_at: datetime | None = None


class _Body(msgspec.Struct):
    code: str = ""
    data: _TicketData | None = None


_decoder = msgspec.json.Decoder(_Body)


class Guests:
    """The people of one part of the crowd. `given_up` is set from outside and ends everything soon after."""

    def __init__(self, part: Part) -> None:
        self.given_up = asyncio.Event()
        self._part = part
        self._target: Target = parse_target(part.url)
        self._retries: Counter[str] = Counter()
        self._answers: list[Answer] = []
        self._tickets: list[Ticket] = []
        self._accepted = self._decided = 0

    def tally(self) -> Tally:
        return Tally(len(self._answers), self._accepted, self._decided, dict(self._retries))

    async def run(self) -> Share:
        """Registers everybody of this part, then reads every ticket's end.

        Raises:
            Unreadable: what answers is not the service.
        """
        part = self._part
        everybody = registrations(people=part.people, duplicates=part.duplicates)
        mine = enumerate(everybody[part.index :: part.processes])
        started_at = time.monotonic()
        await self._on_all_lines(lambda line: self._register_next(line, mine, started_at))
        given = iter([answer.ticket_id for answer in self._answers if answer.accepted])
        await self._on_all_lines(lambda line: self._follow_next(line, given))
        return Share(self._answers, self._tickets)

    async def _on_all_lines(self, work: Callable[[Line], Awaitable[None]]) -> None:
        lines = [
            Line(target=self._target, retries=self._retries, given_up=self.given_up)
            for _ in range(self._part.connections)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for line in lines:
                    group.create_task(_awaited(work(line)))
        finally:
            for line in lines:
                line.close()

    async def _register_next(self, line: Line, mine: Iterator[tuple[int, Registration]], started_at: float) -> None:
        for place, registration in mine:
            if self._part.rate is not None:
                await line.pause(started_at + place / self._part.rate - time.monotonic())
            answer = _answer(registration, line, await line.ask(self._request(registration)))
            self._answers.append(answer)
            self._accepted += answer.accepted

    def _request(self, registration: Registration) -> bytes:
        return self._target.request(
            "POST",
            f"/events/{self._part.event_id}/register",
            headers=f"Content-Type: application/json\r\nAuthorization: Bearer {self._part.token}\r\n"
            f"Idempotency-Key: rehearsal-{self._part.run}-{registration.number}\r\n",
            body=_encoder.encode({"name": registration.name, "email": registration.email}),
        )

    async def _follow_next(self, line: Line, given: Iterator[str]) -> None:
        for ticket_id in given:
            self._tickets.append(await self._follow(line, ticket_id))
            self._decided += self._tickets[-1].status in TERMINAL

    async def _follow(self, line: Line, ticket_id: str) -> Ticket:
        ticket = Ticket(ticket_id, "unread")
        request = self._target.request("GET", f"/registrations/{ticket_id}")
        while (reply := await line.ask(request)) is not None:
            ticket = _ticket(ticket_id, reply)
            if ticket.status not in (Status.QUEUED, Status.WAITLISTED):
                break
            await line.pause(min(retry_after(reply, default=1.0), LONGEST_POLL_PAUSE))
        return ticket


def _answer(registration: Registration, line: Line, reply: Reply | None) -> Answer:
    now = time.monotonic()
    status, body = (NO_ANSWER, _Body()) if reply is None else (reply.status, _decode(reply))
    return Answer(
        number=registration.number,
        email=registration.email,
        status=status,
        code=body.code,
        ticket_id=body.data.ticket_id if status == ACCEPTED and body.data else "",
        first_sent_at=line.first_sent_at,
        answered_at=now,
        latency=now - line.last_sent_at,
    )


def _ticket(ticket_id: str, reply: Reply) -> Ticket:
    body = _decode(reply)
    data = body.data
    if reply.status != 200 or data is None or data.ticket_id != ticket_id:
        return Ticket(ticket_id, body.code or f"answered {reply.status}")
    return Ticket(ticket_id, data.status, data.reason, data.sequence, _ms(data.requested_at), _ms(data.decided_at))


def _decode(reply: Reply) -> _Body:
    """An answer that is not in the service's shape has neither code nor data, and fails the proofs."""
    try:
        return _decoder.decode(reply.body)
    except msgspec.MsgspecError:
        return _Body()


def _ms(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp() * 1000


async def _awaited(work: Awaitable[None]) -> None:
    await work
