"""`/events/{id}/codes`: an event's access codes, which are shown once, when they are made."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.code_fields import CodesInput, RevocationInput, render_code, terms_from
from events.api.export import CSV, JSON, csv_file
from events.api.lists import ListView, numbered_page
from events.api.refusals import Refusal, event_not_found, invalid_fields
from events.api.responses import NOT_KEPT
from events.api.views.base import ApiView, organizer_of, own_event, trail_of, validated
from events.domain.audit import Action
from events.domain.public import access_code as public
from events.domain.scopes import ONLY_FULL, READERS
from events.domain.times import iso_of
from events.ledger.codes import CodesExist, CodeTerms, TooManyCodes, codes_of
from events.ledger.counters import with_types
from events.ledger.events import event_for_change
from events.models import AccessCode as Row
from events.models import Event
from events.services.codes import draw_codes, make_codes, revoke_codes
from omnify.common.envelope import Code


class CodeList(ListView):
    """Lists an event's codes, and makes some."""

    scopes = {"GET": READERS, "POST": ONLY_FULL}

    @openapi.LIST_CODES
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with a page, newest first."""
        rows = codes_of(own_event(request, event_id).pk)
        data = numbered_page(self.list_query, rows, lambda page: [render_code(row) for row in page])
        return responses.ok(data, message="The event's access codes, newest first.")

    @openapi.CREATE_CODES
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Makes codes, shown once: as JSON, or as CSV to a client that prefers it."""
        event = own_event(request, event_id)
        fields = validated(CodesInput(data=request.data, context={"event": event}))
        terms, chosen = terms_from(fields), fields.get("codes", ())
        drawn = draw_codes(event.pk, count=fields.get("count", 0), chosen=chosen)
        try:
            with transaction.atomic():
                event = _locked(request, event_id)
                make_codes(event, drawn, terms)
                trail_of(request).record(Action.CODES_CREATED, event)
        except CodesExist as problem:
            sentences = [f"Item {number}: This event has had this code already." for number in problem.numbers]
            raise invalid_fields({"codes": sentences}) from None
        except TooManyCodes as problem:
            raise invalid_fields({"codes" if chosen else "count": [str(problem)]}) from None
        if request._request.get_preferred_type([JSON, CSV]) == CSV:
            return _csv(event, drawn.shown, terms)
        message = "The codes are made. Keep them: they are shown this once."
        return responses.ok(public.NewCodes(list(drawn.shown)), message=message, status=201)


class CodeDetail(ApiView):
    """Revokes one code."""

    scopes = {"DELETE": ONLY_FULL}

    @openapi.REVOKE_CODE
    def delete(self, request: Request, event_id: int | None, code_id: int | None) -> HttpResponse:
        """Revokes the code permanently. Repeating it is harmless; tickets that it let in keep their places."""
        with transaction.atomic():
            event = _locked(request, event_id)
            rows = codes_of(event.pk).filter(pk=code_id or 0)
            if not rows:
                raise Refusal(Code.CODE_NOT_FOUND, 404, "There is no such code.")
            _revoke(request, event, rows)
        return responses.ok(render_code(rows.get()), message="The code is revoked.")


class CodeRevocation(ApiView):
    """Revokes several codes."""

    scopes = {"POST": ONLY_FULL}

    @openapi.REVOKE_CODES
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Revokes all of them or, if one is not the event's, none. Repeating it is harmless."""
        asked = validated(RevocationInput(data=request.data))["ids"]
        with transaction.atomic():
            event = _locked(request, event_id)
            rows = codes_of(event.pk).filter(pk__in=asked)
            known = {row.pk for row in rows}
            unknown = [number for number, code_id in enumerate(asked, start=1) if code_id not in known]
            if unknown:
                raise invalid_fields({"ids": [f"Item {number}: This event has no such code." for number in unknown]})
            _revoke(request, event, rows)
        return responses.ok(public.RevokedCodes(len(known)), message="The codes are revoked.")


def _revoke(request: Request, event: Event, rows: QuerySet[Row]) -> None:
    found = list(rows)
    for row in found:
        trail_of(request).record(Action.CODE_REVOKED, row)
    revoke_codes(event, [row.pk for row in found], now=timezone.now())


def _locked(request: Request, event_id: int | None) -> Event:
    event = event_id and event_for_change(event_id=event_id, organizer_id=organizer_of(request).pk)
    if not event:
        raise event_not_found()
    [event] = with_types([event])
    return event


def _csv(event: Event, codes: Sequence[str], terms: CodeTerms) -> HttpResponse:
    rest = (terms.uses, iso_of(terms.opens_at), terms.ticket_type_id)
    content = csv_file(("code", "uses", "opens_at", "ticket_type"), ((code, *rest) for code in codes))
    name = f'attachment; filename="event-{event.pk}-codes.csv"'
    headers = {"Content-Disposition": name, "Content-Length": str(len(content)), **NOT_KEPT}
    return HttpResponse(content, status=201, content_type="text/csv; charset=utf-8", headers=headers)
