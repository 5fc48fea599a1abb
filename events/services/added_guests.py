"""Adds a guest for an organizer: in turn in the event's queue, also while the door is closed or sold out."""

from __future__ import annotations

from dataclasses import dataclass

from events.admission.added_guests import add_guest
from events.admission.replies import Admission
from events.domain.attendee import email_key
from events.domain.seats import NO_TYPE
from events.domain.snapshot import EventSnapshot
from events.domain.ticket_keys import TicketName
from events.secrets import tickets
from events.services.wakeups import wake_drain
from omnify.common.clients import replicated_client


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGuest:
    """A guest as an organizer adds one. `beyond_capacity`: the event, or the ticket type, grows by what is missing.

    `language` is that of the guest's mails, empty if none was said.
    """

    name: str
    email: str
    quantity: int = 1
    type_id: int = NO_TYPE
    beyond_capacity: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class AddedTicket:
    """Admission's answer, at `now_ms`; `rate` in decisions per second."""

    answer: Admission
    now_ms: int
    rate: float


def name_guest(event_id: int, guest: NewGuest, *, idempotency_key: str | None) -> list[TicketName]:
    """Derives the guest's ticket: with an Idempotency-Key, the same for the same body, whatever its language."""
    sizes = (str(guest.type_id), str(guest.quantity), str(int(guest.beyond_capacity)))
    # Told apart from a registration under the same key.
    body = ("added", guest.name, guest.email, *sizes)
    return tickets().names(
        event_id=event_id, idempotency_key=idempotency_key, body=body, email_key=email_key(guest.email)
    )


def enqueue_guest(event: EventSnapshot, guest: NewGuest, names: list[TicketName]) -> AddedTicket:
    """Puts a guest into the event's queue. Raises redis.exceptions.RedisError."""
    reply = add_guest(
        replicated_client(),
        event,
        key=names[0].key,
        name=guest.name,
        email=guest.email,
        digests=[name.email_digest for name in names],
        mark=names[0].mark,
        quantity=guest.quantity,
        type_id=guest.type_id,
        beyond_capacity=guest.beyond_capacity,
        language=guest.language,
    )
    if reply.wake:
        wake_drain(event.event_id)
    return AddedTicket(reply.answers[0], reply.now_ms, reply.rate)
