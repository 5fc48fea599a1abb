"""`POST /registrations/{ticket_id}/check-in`: the entrance."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from events.api import docs
from events.api.attendees import attendee
from events.api.permissions import require_event, token_of
from events.api.refusals import Refusal
from events.api.views.base import ApiView, organizer_of, trail_of
from events.domain.audit import Action
from events.domain.scopes import ENTRANCE, Scope, guest_fields
from events.domain.times import iso, to_ms
from events.ledger.check_in import CheckIn, Entry
from omnify import http
from omnify.entrance import let_in
from omnify.responses import Code
from omnify.tickets import tickets


class CheckInView(ApiView):
    """One ticket of the organizer's own events."""

    scopes = {"POST": ENTRANCE}
    narrows = True

    @docs.CHECK_IN
    def post(self, request: Request, ticket_id: str) -> HttpResponse:
        """Lets the holder in, once."""
        organizer, parsed = organizer_of(request), tickets().parse(ticket_id)
        if parsed is None:
            raise _not_found()
        event_id, key = parsed
        require_event(request, event_id)
        with transaction.atomic():
            done = let_in(event_id=event_id, key=key, organizer_id=organizer.pk)
            if done.registration is not None and done.entry is Entry.ADMITTED:
                trail_of(request).record(Action.CHECKED_IN, done.registration)
        return _answer(done, token_of(request).reach)


def _answer(done: CheckIn, scope: Scope) -> HttpResponse:
    row = done.registration
    if row is None:
        raise _not_found()
    if done.entry is Entry.ADMITTED:
        return http.ok(guest_fields(attendee(row), scope), message="Checked in.")
    if done.entry is Entry.NO_SEAT or row.checked_in_at is None:
        raise Refusal(Code.NOT_CONFIRMED, 409, f"This registration is {row.status}: it has no seat.")
    first = iso(to_ms(row.checked_in_at))
    message = f"This ticket was checked in already, at {first}."
    raise Refusal(Code.ALREADY_CHECKED_IN, 409, message, errors={"checked_in_at": [first]})


def _not_found() -> Refusal:
    return Refusal(Code.TICKET_NOT_FOUND, 404, "There is no such ticket.")
