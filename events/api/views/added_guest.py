"""`POST /events/{id}/attendees`: the organizer adds one guest, in turn in the event's queue."""

from __future__ import annotations

from random import random
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from events.admission.replies import Admitted, AlreadyDecided, AlreadyQueued, RefusalReason, Refused
from events.api import responses
from events.api.attendee_fields import GuestInput
from events.api.idempotency import HEADER
from events.api.refusals import Refusal
from events.api.views.base import own_event, trail_of, validated
from events.domain.audit import Action, AuditObject
from events.domain.public.ticket import AcceptedTicket
from events.domain.seats import NO_TYPE, Counters
from events.domain.states import Status
from events.domain.tickets import reference
from events.domain.times import iso
from events.domain.waiting import expected_seconds, retry_after
from events.ledger import queries
from events.ledger.counters import seats_of, types_of, with_types
from events.ledger.events import EventOver
from events.models import Event
from events.secrets import tickets
from events.services.added_guests import AddedTicket, NewGuest, enqueue_guest, name_guest
from omnify.common.envelope import Code


def add_guest(request: Request, event_id: int | None) -> HttpResponse:
    """Puts a guest into the queue, and answers as the door answers a registration.

    Raises Refusal, EventOver, redis.exceptions.RedisError.
    """
    [event] = with_types([own_event(request, event_id)])
    guest = _guest(event, request.data)
    if event.end_time <= timezone.now():
        raise EventOver
    names = name_guest(event.pk, guest, idempotency_key=request.headers.get(HEADER))
    with transaction.atomic():
        trail_of(request).record(Action.GUEST_ADDED, AuditObject("ticket", reference(event.pk, names[0].key)))
        added = enqueue_guest(queries.event_snapshot(event), guest, names)
        status, position, requested_ms = _told(added)
    ticket_id = tickets().ticket_id(event_id=event.pk, key=names[0].key, mark=names[0].mark)
    url = f"/registrations/{ticket_id}"
    seconds = expected_seconds(position=position, rate=added.rate) if position else 0.0
    return responses.ok(
        AcceptedTicket(ticket_id, event.pk, status, position, url, iso(requested_ms)),
        message="In line.",
        status=202,
        headers={"Location": url, "Retry-After": str(retry_after(seconds, jitter=random()))},  # noqa: S311
    )


def _guest(event: Event, body: Any) -> NewGuest:
    seats = seats_of(event)
    lines = dict(seats.types) or {NO_TYPE: seats}
    most = {found.pk: found.max_quantity for found in types_of(event)} or {NO_TYPE: event.max_quantity}
    fields = validated(GuestInput(data=body, context={"lines": lines, "most": most}))
    guest = NewGuest(
        name=fields["name"],
        email=fields["email"],
        quantity=fields["quantity"],
        type_id=fields["ticket_type"],
        beyond_capacity=fields.get("beyond_capacity", False),
        language=fields.get("language") or "",
    )
    if not guest.beyond_capacity and not _has_room(lines[guest.type_id], guest.quantity):
        raise Refusal(Code.SOLD_OUT, 409, "No seat is left. The guest can be added with beyond_capacity.")
    return guest


def _has_room(line: Counters, quantity: int) -> bool:
    """Tells whether the ledger has so many seats or positions on the waitlist left."""
    seats = 0 if line.waitlisted else line.free
    return max(seats, line.waitlist_capacity - line.waitlisted) >= quantity


def _told(added: AddedTicket) -> tuple[Status, int | None, int]:
    """Returns the ticket's status, its position in line, and when it was admitted (ms)."""
    match added.answer:
        case Admitted(position=position):
            return Status.QUEUED, position, added.now_ms
        case AlreadyQueued() as queued:
            return Status.QUEUED, queued.position, queued.requested_ms
        case AlreadyDecided() as decided:
            outcome = decided.outcome("")
            return outcome.status, None, outcome.requested_ms
        case Refused(reason=RefusalReason.DUPLICATE):
            message = "This e-mail address is registered for the event already."
            raise Refusal(Code.DUPLICATE_REGISTRATION, 409, message)
        case _:
            raise Refusal(Code.REGISTRATION_CLOSED, 409, "The event is cancelled.")
