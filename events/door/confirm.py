"""`POST /registrations/{ticket_id}/confirm`: confirms a held ticket. It takes its turn in the event's queue.

Who may confirm stands in the hold itself: the event's organizer, after a payment, or also the holder, to whom the seat
is an offer, or who has the token that was mailed to the ticket's address. A 202 means that the ticket will be
confirmed: with a cancellation in the queue it is refused. Only the end of the whole event, a cancellation that was
queued again, or another address may still stand in front (docs/holds.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import NamedTuple

from msgspec.structs import astuple, replace

from events.admission.entry import pack_confirmation
from events.admission.errors import EventNotLoaded
from events.admission.gate import Gate
from events.admission.hold_calls import ConfirmRequest
from events.admission.hold_replies import (
    AddressCorrected,
    AddressProved,
    AddressUnproved,
    AlreadyConfirmed,
    ConfirmAnswer,
    ConfirmationQueued,
    ConfirmationRepeated,
    ConfirmReply,
    NotHeld,
    OrganizerOnly,
)
from events.admission.outcomes import letter_of
from events.admission.replies import NotInRedis
from events.domain.holds import ConfirmedBy, Hold
from events.domain.outcome import Outcome
from events.domain.public.ticket import ConfirmedTicket, Ticket
from events.domain.states import IN_LINE, Status
from events.domain.tickets import Tickets
from events.door import responses
from events.door.caller import Caller
from events.door.catch_up import CatchUp
from events.door.loader import DatabaseUnavailable, Loader
from events.door.parse_confirmation import Confirmation
from events.door.responses import Response
from events.door.ticket_commands import TicketCommands
from events.door.ticket_status import TicketStatusReader
from omnify.common.envelope import Code


class _Asked(NamedTuple):
    """A confirmation of a genuine ticket; `address` is the digest of the e-mail that it proves."""

    ticket_id: str
    event_id: int
    key: str
    payment_reference: str
    caller: Caller
    address: str = ""


class Confirmer:
    """Enqueues confirmations of all events, with one batcher for each busy event."""

    def __init__(
        self,
        *,
        gate: Gate,
        tickets: Tickets,
        loader: Loader,
        catch_up: CatchUp,
        reader: TicketStatusReader,
        wake: Callable[[int], None],
    ) -> None:
        self._gate = gate
        self._catch_up = catch_up
        self._tickets = tickets
        self._loader = loader
        self._commands = TicketCommands[ConfirmRequest, ConfirmAnswer](
            "confirmation",
            send=self._send,
            queued=ConfirmationQueued,
            show=_show,
            tickets=tickets,
            loader=loader,
            reader=reader,
            wake=wake,
        )

    async def confirm(self, ticket_id: str, sent: Confirmation, caller: Caller) -> Response:
        """Confirms a ticket, or proves its address: 202 with the ticket, also if the same payment or token has done so
        already; 409 if it is not held; 401, 403 or 404 if the caller may not confirm it.

        Raises QueueUnavailable, DatabaseUnavailable.
        """
        parsed = self._tickets.parse(ticket_id)
        if parsed is None:
            return responses.ticket_not_found()
        asked = _Asked(ticket_id, *parsed, sent.payment_reference, caller)
        if sent.token:
            address = self._tickets.proved_address(ticket_id, sent.token)
            if address is None:
                return _not_proved()
            asked = asked._replace(payment_reference="", address=address)
        match await self._enqueue(asked):
            case ConfirmationQueued(sequence) | ConfirmationRepeated(sequence):
                return await self._accepted(asked, sequence)
            case AddressProved():
                return await self._accepted(asked, None)
            case AlreadyConfirmed():
                return await self._repeated(asked)
            case answer:
                return _refusal(answer, caller)

    async def _enqueue(self, asked: _Asked) -> ConfirmAnswer:
        """Asks admission; where Redis does not know the ticket, looks into the ledger first."""
        answer = await self._ask(asked, None)
        if not isinstance(answer, NotInRedis):
            return answer
        outcome = await self._loader.find_outcome(asked.event_id, asked.key)
        if outcome is not None and (outcome.status is Status.HELD or outcome.is_unproved):
            return await self._ask(asked, outcome.hold)
        if asked.address and outcome is not None and outcome.status in IN_LINE:
            return AddressProved()
        confirmed = outcome is not None and outcome.status is Status.CONFIRMED
        return AlreadyConfirmed() if confirmed else NotHeld()

    async def _ask(self, asked: _Asked, hold: Hold | None) -> ConfirmAnswer:
        request = ConfirmRequest(
            asked.key,
            asked.address or _digest(asked.payment_reference),
            pack_confirmation(asked.payment_reference, address=asked.address),
            asked.caller.organizer_id or 0,
            hold.expires_ms if hold else 0,
            letter_of(hold) if hold else "",
            asked.address,
        )
        return await self._commands.enqueue(asked.event_id, request) or NotHeld()

    async def _send(self, event_id: int, requests: Sequence[ConfirmRequest]) -> ConfirmReply:
        reply = await self._gate.confirm(event_id, requests)
        refused = [number for number, answer in enumerate(reply.answers) if isinstance(answer, NotHeld)]
        if not reply.may_be_behind or not refused:
            return reply
        # Clients may have seen a hold that is not shown here.
        await self._catch_up(event_id)
        again = await self._gate.confirm(event_id, [requests[number] for number in refused])
        answers = list(reply.answers)
        for number, answer in zip(refused, again.answers, strict=True):
            answers[number] = answer
        return replace(again, answers=answers, wake=reply.wake or again.wake)

    async def _repeated(self, asked: _Asked) -> Response:
        """Answers for a confirmed ticket: only the ledger knows whether this payment confirmed it.

        Raises DatabaseUnavailable, also where the ledger still lacks the confirmation: a failover lost it.
        """
        outcome = await self._loader.find_outcome(asked.event_id, asked.key)
        if outcome is None or outcome.hold is None:
            return _not_held()
        by_organizer = outcome.hold.confirmed_by is ConfirmedBy.ORGANIZER
        if by_organizer and not await self._is_organizer(asked):
            return _not_allowed(asked.caller)
        if outcome.status is Status.HELD:
            raise DatabaseUnavailable("the confirmation is queued again")
        same = outcome.status is Status.CONFIRMED and await self._is_payment_of(asked, outcome)
        return await self._accepted(asked, None) if same else _not_held()

    async def _is_payment_of(self, asked: _Asked, outcome: Outcome) -> bool:
        """Tells whether this payment confirmed the ticket. The first that comes is it where none is on record: so it is
        with a confirmation that was queued again, since Redis does not keep the reference."""
        if outcome.payment_reference:
            return outcome.payment_reference == asked.payment_reference
        if not asked.payment_reference:
            return True
        return await self._loader.note_payment(asked.event_id, asked.key, asked.payment_reference)

    async def _is_organizer(self, asked: _Asked) -> bool:
        try:
            _, event = await self._gate.event(asked.event_id)
        except EventNotLoaded:
            return False
        return asked.caller.organizer_id == event.organizer_id

    async def _accepted(self, asked: _Asked, sequence: int | None) -> Response:
        ticket = (asked.ticket_id, asked.event_id, asked.key)
        done = "The address is proved." if asked.address else "The ticket is confirmed."
        return await self._commands.accepted(*ticket, sequence, done=done)


def _show(ticket: Ticket, sequence: int | None) -> ConfirmedTicket:
    return ConfirmedTicket(*astuple(ticket), confirmation_sequence=sequence)


def _digest(payment_reference: str) -> str:
    """Stands for a payment reference in Redis while its confirmation waits."""
    return blake2b(payment_reference.encode(), digest_size=8).hexdigest() if payment_reference else ""


def _not_held() -> Response:
    return responses.refuse(409, Code.NOT_HELD, "This ticket is not held, or its time is over.")


def _refusal(answer: ConfirmAnswer, caller: Caller) -> Response:
    if isinstance(answer, OrganizerOnly):
        return _not_allowed(caller)
    # A payment cannot take the place of the proof, so an organizer's token does not either.
    unproved = isinstance(answer, AddressCorrected) or (isinstance(answer, AddressUnproved) and not caller.organizer_id)
    return _not_proved() if unproved else _not_held()


def _not_proved() -> Response:
    """Refuses who does not show the token of the mail, or shows another."""
    return responses.unauthenticated("Open the link in the mail to the ticket's address: it has the token.")


def _not_allowed(caller: Caller) -> Response:
    """Refuses a caller who is not the event's organizer, in the same words as the API."""
    if caller.scoped:
        return responses.refuse(403, Code.FORBIDDEN, "Confirming needs an organizer's token with the scope full.")
    if caller.organizer_id is None:
        return responses.unauthenticated("Show an organizer's token: `Authorization: Bearer <token>`.")
    return responses.ticket_not_found()
