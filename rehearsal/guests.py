"""What the people of one process do: register, all of them, and then ask for their ticket until it is
decided. Some give it back. When nobody of any process moves any more, all look at their ticket once again.

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
from rehearsal.crowd import Registration, registrations
from rehearsal.http import Reply, Target, parse_target
from rehearsal.line import Line, retry_after
from rehearsal.records import ACCEPTED, NO_ANSWER, Answer, Part, Share, Tally, Ticket
from rehearsal.returns import Returns

LONGEST_POLL_PAUSE = 0.5
_DECIDED = {*TERMINAL, Status.WAITLISTED}

_encoder = msgspec.json.Encoder()


class _TicketData(msgspec.Struct):
    ticket_id: str = ""
    status: str = ""
    reason: str | None = None
    position: int | None = None
    sequence: int | None = None
    requested_at: datetime | None = None
    decided_at: datetime | None = None


class _Body(msgspec.Struct):
    code: str = ""
    data: _TicketData | None = None


_decoder = msgspec.json.Decoder(_Body)


class Guests:
    """The people of one part of the crowd.

    Set from outside: `all_rest`, when no process of the crowd has anything left to do and the queue is empty;
    both of them, when all shall give up.
    """

    def __init__(self, part: Part) -> None:
        self.given_up = asyncio.Event()
        self.all_rest = asyncio.Event()
        self._part = part
        self._target: Target = parse_target(part.url)
        self._retries: Counter[str] = Counter()
        self._answers: list[Answer] = []
        self._tickets: list[Ticket] = []
        self._returns = Returns(self._target)
        self._accepted = self._decided = self._looked_again = self._resting = 0

    def tally(self) -> Tally:
        return Tally(
            len(self._answers),
            self._accepted,
            self._decided,
            dict(self._retries),
            len(self._returns.seen),
            self._looked_again,
            self._resting,
        )

    async def run(self) -> Share:
        """Registers everybody of this part, then reads every ticket's end.

        Raises:
            Unreadable: what answers is not the service.
        """
        part = self._part
        everybody = registrations(people=part.people, duplicates=part.duplicates, cancel=part.cancel)
        mine = enumerate(everybody[part.index :: part.processes])
        started_at = time.monotonic()
        await self._on_all_lines(lambda line: self._register_next(line, mine, started_at))
        given = iter([answer.ticket_id for answer in self._answers if answer.accepted])
        await self._on_all_lines(lambda line: self._follow_next(line, given))
        if part.looks_again:
            await self._look_again()
        return Share(self._answers, self._tickets, self._returns.seen)

    async def _look_again(self) -> None:
        self._resting = 1
        await self.all_rest.wait()
        before, self._tickets = iter(self._tickets), []
        await self._on_all_lines(lambda line: self._look_next(line, before))

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
            await self._returns.registered(line, registration, answer)

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
            self._decided += self._tickets[-1].status in _DECIDED
            await self._returns.give_back(line, ticket_id)

    async def _look_next(self, line: Line, before: Iterator[Ticket]) -> None:
        for ticket in before:
            reply = await line.ask(self._target.request("GET", f"/registrations/{ticket.ticket_id}"))
            self._tickets.append(ticket if reply is None else _ticket(ticket.ticket_id, reply, before=ticket))
            self._looked_again += reply is not None

    async def _follow(self, line: Line, ticket_id: str) -> Ticket:
        ticket = Ticket(ticket_id, "unread")
        request = self._target.request("GET", f"/registrations/{ticket_id}")
        while (reply := await line.ask(request)) is not None:
            ticket = _ticket(ticket_id, reply)
            if ticket.status != Status.QUEUED:
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


def _ticket(ticket_id: str, reply: Reply, *, before: Ticket | None = None) -> Ticket:
    status, decided_ms = (before.status, before.decided_ms) if before else ("", None)
    body = _decode(reply)
    data = body.data
    if reply.status != 200 or data is None or data.ticket_id != ticket_id:
        return Ticket(ticket_id, body.code or f"answered {reply.status}", before=status)
    return Ticket(
        ticket_id,
        data.status,
        data.reason,
        data.sequence,
        _ms(data.requested_at),
        _ms(data.decided_at),
        data.position,
        status,
        decided_ms,
    )


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
