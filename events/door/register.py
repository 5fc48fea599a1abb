"""`POST /events/{id}/register`: check, admit, respond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import random

from events.admission.gate import Gate
from events.admission.replies import Admitted, AlreadyDecided, AlreadyQueued, OrganizerUnknown
from events.domain.decision_log.receipts import ReceiptSigner, Statement, statement
from events.domain.states import Status
from events.domain.ticket_keys import TicketName
from events.domain.tickets import Tickets
from events.door import callbacks, responses
from events.door.admissions import AdmissionResult, Admissions, AdmitSeveral, as_it_is
from events.door.caller import Caller
from events.door.catch_up import CatchUp, QueueBehind
from events.door.loader import Loader
from events.door.preferences import prefers_receipt
from events.door.prepare import Prepared, prepare
from events.door.receipts import Receipts
from events.door.refusals import refuse
from events.door.responses import Response
from omnify.common.batcher import Waiter


class Registrar:
    """Responds to registrations of all events."""

    def __init__(
        self,
        *,
        gate: Gate,
        tickets: Tickets,
        loader: Loader,
        catch_up: CatchUp,
        wake: Callable[[int], None],
        jitter: Callable[[], float] = random,
        private_callbacks: bool = False,
        receipts: ReceiptSigner | None = None,
        around: Callable[[AdmitSeveral], AdmitSeveral] = as_it_is,
    ) -> None:
        self._gate = gate
        self._catch_up = catch_up
        self._tickets = tickets
        self.prepare: Callable[[int, bytes, str | None, Caller], Prepared] = partial(
            prepare, tickets, callbacks.any_callback if private_callbacks else callbacks.own_callback
        )
        self._jitter = jitter
        # None where the operator has set no key: a client's preference is ignored then.
        self.receipts = None if receipts is None else Receipts(receipts)
        self._admissions = Admissions(gate=gate, loader=loader, wake=wake, around=around)
        # Writes what was kept for the log and the metrics.
        self.flush = self._admissions.flush

    def wants_receipt(self, preferences: Sequence[bytes]) -> bool:
        """Tells whether a client with these `Prefer` headers gets a receipt."""
        return bool(preferences) and self.receipts is not None and prefers_receipt(b",".join(preferences))

    async def register(self, prepared: Prepared, with_receipt: bool = False) -> Response:
        """Returns the response to one registration.

        Raises QueueUnavailable, DatabaseUnavailable: a store is out of reach, and nothing is known to be queued.
        """
        result = await self._admissions.ask(prepared)
        if result is not None and isinstance(result.answer, OrganizerUnknown):
            return await self.load_and_register(prepared, with_receipt)
        if result is not None and result.may_be_behind:
            return await self.register_again(prepared, with_receipt)
        return await self._answer(prepared, result, with_receipt)

    async def load_and_register(self, prepared: Prepared, with_receipt: bool = False) -> Response:
        """Does the same for an event of which Redis has no copy, or an incomplete one."""
        result = await self._admissions.load_and_ask(prepared)
        return await self._answer(prepared, result, with_receipt)

    async def register_again(self, prepared: Prepared, with_receipt: bool = False) -> Response:
        """Does the same for a ticket of which clients may have seen more than Redis shows; only a retry comes here."""
        await self._catch_up(prepared.event_id)
        result = await self._admissions.ask(prepared)
        if result is not None and result.may_be_behind:
            raise QueueBehind("another server has taken over")
        return await self._answer(prepared, result, with_receipt)

    async def _answer(self, prepared: Prepared, result: AdmissionResult | None, with_receipt: bool) -> Response:
        if result is None:
            return responses.event_not_found()
        response = self.respond(prepared, result)
        said = self.statement(prepared, result, response) if with_receipt else None
        return response if said is None or self.receipts is None else await self.receipts.added(said, response)

    def put(self, prepared: Prepared, waiter: Waiter[AdmissionResult]) -> None:
        """Has `waiter` told the result, which `respond` turns into the response; or EventNotLoaded, after which
        `load_and_register` goes on; or QueueUnavailable."""
        self._admissions.put(prepared, waiter)

    def respond(self, prepared: Prepared, result: AdmissionResult) -> Response:
        """Builds the response to admission's answer, with what the client's address has left."""
        response = self._respond(prepared.event_id, prepared.names, result)
        quota, limit = result.quota, self._gate.address_limit
        return response if quota is None or limit is None else responses.with_quota(response, limit, quota)

    def statement(self, prepared: Prepared, result: AdmissionResult, response: Response) -> Statement | None:
        """Returns what a receipt says of a registration, the same at every retry; None for one that was refused.

        `response` names the ticket already: making its id again would cost a tenth of the receipt.
        """
        match result.answer:
            case Admitted(sequence=sequence):
                requested_ms = result.now_ms
            case AlreadyQueued(sequence=sequence, requested_ms=requested_ms):
                pass
            case AlreadyDecided(name=number) as decided:
                outcome = decided.outcome(prepared.names[number].key)
                sequence, requested_ms = outcome.sequence, outcome.requested_ms
            case _:
                return None
        return statement(prepared.event_id, responses.ticket_of(response), sequence, requested_ms)

    def _respond(self, event_id: int, names: Sequence[TicketName], result: AdmissionResult) -> Response:
        """Turns each of admission's answers into a response; nothing else does."""
        match result.answer:
            case Admitted(position=position, name=number):
                return self._accepted(event_id, names[number], Status.QUEUED, position, result.now_ms, result.rate)
            case AlreadyQueued() as queued:
                name = names[queued.name]
                return self._accepted(event_id, name, Status.QUEUED, queued.position, queued.requested_ms, result.rate)
            case AlreadyDecided() as decided:
                name = names[decided.name]
                outcome = decided.outcome(name.key)
                return self._accepted(event_id, name, outcome.status, None, outcome.requested_ms, result.rate)
            case refusal:
                limit = self._gate.refusal_limit
                return refuse(refusal, now_ms=result.now_ms, refusal_limit=limit, jitter=self._jitter)

    def _accepted(
        self, event_id: int, name: TicketName, status: Status, position: int | None, requested_ms: int, rate: float
    ) -> Response:
        return responses.accepted(
            ticket_id=self._tickets.ticket_id(event_id=event_id, key=name.key, mark=name.mark),
            event_id=event_id,
            status=status,
            position=position,
            requested_ms=requested_ms,
            rate=rate,
            jitter=self._jitter(),
        )
