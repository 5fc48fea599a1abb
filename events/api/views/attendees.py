"""`/events/{id}/attendees`, and one of them: an organizer's own events only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.attendee_fields import GuestCorrectionInput
from events.api.attendees import attendee_page, render_attendee
from events.api.export import CSV, JSON, csv_response
from events.api.lists import ListView, flag, moment, number, one_of, search_text, ticket_reference
from events.api.permissions import token_of
from events.api.refusals import Refusal, already_checked_in, out_of_reach
from events.api.views.added_guest import add_guest
from events.api.views.base import ApiView, own_event, trail_of, validated
from events.domain.audit import Action
from events.domain.scopes import ANY_TOKEN, ONLY_FULL, Scope
from events.domain.states import HOLDING, Status
from events.domain.times import iso, iso_of
from events.ledger import queries
from events.ledger.queries import AttendeeFilter
from events.models import Event, Registration
from events.secrets import tickets
from events.services.commands import TicketCheckedIn, take_ticket_back
from events.services.corrections import await_correction, correct_guest
from omnify.common.envelope import Code

_SAID = {
    Status.CONFIRMED: "Confirmed registrations in order of admission.",
    Status.HELD: "Held registrations in order of admission.",
    Status.ENTERED: "Registrations in the draw, in order of admission.",
    Status.WAITLISTED: "The waitlist, the next to get a seat first.",
    Status.EXPIRED: "Registrations whose hold ran out, in order of admission.",
    Status.CANCELLED: "Cancelled registrations in order of admission.",
    Status.REJECTED: "Rejected registrations in order of admission.",
}
# A character that no key has.
_NO_TICKET = "."
_ONE_GUEST = "The registration with this reference."
_SOONEST_FIRST = "Held registrations, the first to end first."


class Attendees(ListView):
    """Lists registrations with a seat, or by `?status=` those of another status, in order of admission; adds one."""

    scopes = {"GET": ANY_TOKEN, "POST": ONLY_FULL}
    filters = {
        "status": one_of(*_SAID),
        "search": search_text,
        "checked_in": flag,
        "expires_before": moment,
        "code": number,
        "reference": ticket_reference,
        "format": one_of("json", "csv"),
        "cursor": str,
    }

    @openapi.LIST_ATTENDEES
    def get(self, request: Request, event_id: int | None) -> HttpResponseBase:
        """Answers with a page, or all of them as CSV."""
        event = own_event(request, event_id)
        asked, scope = self.list_query.filters, token_of(request).reach
        entrance, csv = scope is Scope.CHECK_IN, self._wants_csv(request)
        guests = AttendeeFilter(
            event.pk,
            _status(asked),
            asked.get("search", ""),
            names_only=entrance,
            checked_in=asked.get("checked_in"),
            expires_before=asked.get("expires_before"),
            code_id=asked.get("code"),
            ref=_ref(event, asked),
            drawn=event.draw_at is not None,
        )
        if entrance and (csv or guests.code_id is not None or guests.status is not Status.CONFIRMED):
            raise out_of_reach("A token with the scope check-in reads the guests with a seat, no codes, and no CSV.")
        if csv:
            trail_of(request).record(Action.ATTENDEES_EXPORTED, event)
            return csv_response(event, guests)
        said = _SOONEST_FIRST if guests.by_end else _SAID[guests.status] if guests.status else _ONE_GUEST
        return responses.ok(attendee_page(event, guests, scope=scope, query=self.list_query), message=said)

    @openapi.ADD_ATTENDEE
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Enqueues the guest, who takes a turn like anyone."""
        return add_guest(request, event_id)

    def _wants_csv(self, request: Request) -> bool:
        wanted = self.list_query.filters.get("format")
        if wanted is None:
            return request._request.get_preferred_type([JSON, CSV]) == CSV
        return bool(wanted == "csv")


def _status(asked: Mapping[str, Any]) -> Status | None:
    """Returns the status that is asked for. A reference names one guest, of whatever status unless one is said."""
    return Status(asked["status"]) if "status" in asked else None if "reference" in asked else Status.CONFIRMED


def _ref(event: Event, asked: Mapping[str, Any]) -> str:
    """Returns the first characters of the key; those of no ticket for one of another event."""
    event_id, ref = asked.get("reference", (event.pk, ""))
    return ref if event_id == event.pk else _NO_TICKET


class AttendeeDetail(ApiView):
    """Corrects one guest, and takes one guest's ticket back."""

    scopes = {"PATCH": ONLY_FULL, "DELETE": ONLY_FULL}

    @openapi.CORRECT_ATTENDEE
    def patch(self, request: Request, event_id: int | None, ticket_id: str) -> HttpResponse:
        """Enqueues the correction, and waits until it is made in its turn."""
        event = own_event(request, event_id)
        row = find_guest(event, ticket_id)
        fields = validated(GuestCorrectionInput(data=request.data))
        with transaction.atomic():
            trail_of(request).record(Action.TICKET_CORRECTED, row)
        key = correct_guest(queries.event_snapshot(event), row, name=fields.get("name"), email=fields.get("email"))
        await_correction(event.pk, key)
        row.refresh_from_db()
        return responses.ok(render_attendee(row), message="The guest is corrected.")

    @openapi.CANCEL_ATTENDEE
    def delete(self, request: Request, event_id: int | None, ticket_id: str) -> HttpResponse:
        """Enqueues the cancellation, which takes its turn. A ticket without a seat or a position is left as it is."""
        event = own_event(request, event_id)
        row = find_guest(event, ticket_id)
        if row.checked_in_at is not None:
            raise already_checked_in(iso_of(row.checked_in_at))
        with transaction.atomic():
            trail_of(request).record(Action.TICKET_CANCELLED, row)
            try:
                take_ticket_back(queries.event_snapshot(event), row.ticket_key, held=row.status in HOLDING)
            except TicketCheckedIn as problem:
                raise already_checked_in(iso(problem.checked_in_ms)) from None
        return responses.ok(render_attendee(row), message="The cancellation takes its turn.", status=202)


def find_guest(event: Event, ticket_id: str) -> Registration:
    """Finds a decided ticket of this event; another event's is a 404."""
    parsed = tickets().parse(ticket_id)
    of_event = parsed is not None and parsed[0] == event.pk
    row = queries.find_registration(event_id=event.pk, key=parsed[1]) if parsed and of_event else None
    if row is None:
        raise Refusal(Code.TICKET_NOT_FOUND, 404, "There is no such ticket.")
    return row
