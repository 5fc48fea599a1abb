"""The entrance: `/events/{id}/check-ins`, and `POST /registrations/{ticket_id}/check-in`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.attendees import render_guest
from events.api.check_in_fields import CheckInInput, PeopleInput, UndoInput
from events.api.offline_list import offline_response
from events.api.permissions import require_event, token_of
from events.api.refusals import Refusal, already_checked_in, invalid_fields
from events.api.views.base import ApiView, organizer_of, own_event, trail_of, validated
from events.domain.audit import Action
from events.domain.scopes import ENTRANCE
from events.domain.tickets import parse_reference
from events.domain.times import iso_of
from events.ledger.check_in import CheckIn, CheckInResult, find_key
from events.models import Registration
from events.secrets import tickets
from events.services.check_ins import check_in, undo_check_in
from omnify.common.envelope import Code


class CheckIns(ApiView):
    """Checks in to one event of the organizer's, by code, ticket or reference."""

    scopes = {"POST": ENTRANCE}

    @openapi.CHECK_IN_BY_CODE
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Checks the ticket's holder in, once."""
        event = own_event(request, event_id)
        fields = validated(CheckInInput(data=request.data))
        at, people, id = fields.pop("checked_in_at", None), fields.pop("quantity", None), fields.pop("check_in_id", "")
        ((field, text),) = fields.items()
        parsed = _READ[field](text)
        if parsed is None:
            raise _not_found()
        if parsed[0] != event.pk:
            raise Refusal(Code.TICKET_NOT_FOUND, 404, "This ticket is for another event.")
        key = find_key(event_id=event.pk, ref=parsed[1]) if field == "reference" else parsed[1]
        if key is None:
            raise _not_found()
        return _check_in(request, event.pk, key, people=people, at=at, id=id)


class OfflineCheckIns(ApiView):
    """The list for a device that has to check guests in without a network."""

    scopes = {"GET": ENTRANCE}

    @openapi.READ_OFFLINE_LIST
    def get(self, request: Request, event_id: int | None) -> HttpResponseBase:
        """Streams the hash of each ticket's check-in code, and what is left of it."""
        return offline_response(own_event(request, event_id))


class UndoCheckIn(ApiView):
    """Undoes one check-in, named by its ticket's reference."""

    scopes = {"DELETE": ENTRANCE}

    @openapi.UNDO_CHECK_IN
    def delete(self, request: Request, event_id: int | None, reference: str) -> HttpResponse:
        """Undoes the check-in. Repeating it is harmless."""
        event, named = own_event(request, event_id), parse_reference(reference)
        if named is None or named[0] != event.pk:
            raise _not_found()
        name = validated(UndoInput(data=request.query_params))
        at, id = name.get("checked_in_at"), name.get("check_in_id", "")
        with transaction.atomic():
            done = undo_check_in(event_id=event.pk, ref=named[1], organizer_id=organizer_of(request).pk, at=at, id=id)
            if done.registration is not None and done.result in _DONE:
                trail_of(request).record(Action.CHECK_IN_UNDONE, done.registration)
        return _answer(request, done)


class CheckInView(ApiView):
    """Checks in by ticket id, to any event of the organizer's."""

    scopes = {"POST": ENTRANCE}
    narrows = True

    @openapi.CHECK_IN
    def post(self, request: Request, ticket_id: str) -> HttpResponse:
        """Checks the holder in, once."""
        parsed = tickets().parse(ticket_id)
        if parsed is None:
            raise _not_found()
        require_event(request, parsed[0])
        people = validated(PeopleInput(data=request.data or {})).get("quantity")
        return _check_in(request, *parsed, people=people)


def _read_code(text: str) -> tuple[int, str] | None:
    # QR codes of an earlier release hold the ticket's id.
    return tickets().parse_check_in_code(text) or tickets().parse(text)


# How each field of the body names its event, and its ticket there.
_READ: dict[str, Callable[[str], tuple[int, str] | None]] = {
    "code": _read_code,
    "ticket_id": lambda text: tickets().parse(text),
    "reference": parse_reference,
}


def _check_in(
    request: Request, event_id: int, key: str, *, people: int | None, at: datetime | None = None, id: str = ""
) -> HttpResponse:
    with transaction.atomic():
        done = check_in(event_id=event_id, key=key, organizer_id=organizer_of(request).pk, people=people, at=at, id=id)
        if done.registration is not None and done.result in _DONE:
            trail_of(request).record(Action.CHECKED_IN, done.registration)
    return _answer(request, done)


_DONE = {
    CheckInResult.ADMITTED: "Checked in.",
    CheckInResult.REPEATED: "Checked in.",
    CheckInResult.UNDONE: "The check-in is undone.",
    CheckInResult.NOT_IN: "This ticket is not checked in.",
}


def _answer(request: Request, done: CheckIn) -> HttpResponse:
    row = done.registration
    if row is None:
        raise _not_found()
    if done.result in _DONE:
        return responses.ok(render_guest(row, token_of(request).reach), message=_said(done.result, row))
    if done.result is CheckInResult.TOO_MANY:
        raise invalid_fields({"quantity": [f"This ticket is for {row.quantity}."]})
    if done.result is CheckInResult.NO_SEAT or row.checked_in_at is None:
        raise Refusal(Code.NOT_CONFIRMED, 409, f"This registration is {row.status}: it has no seat.")
    part = None if row.partly_in is None else (row.partly_in, row.quantity)
    raise already_checked_in(iso_of(row.checked_in_at), part=part)


def _said(result: CheckInResult, row: Registration) -> str:
    if result is CheckInResult.NOT_IN and row.checked_in_at is not None:
        return "The ticket has no such check-in: nothing is undone."
    return _DONE[result]


def _not_found() -> Refusal:
    return Refusal(Code.TICKET_NOT_FOUND, 404, "There is no such ticket.")
