"""`GET /audit`: what was done to an organizer's objects, by whom, and from where."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import ListView, numbered_page, one_of
from events.api.refusals import invalid_fields
from events.api.views.base import organizer_of
from events.domain.audit import OBJECT_ID_MAX, OBJECT_TYPES
from events.domain.public import token as public
from events.domain.scopes import READERS
from events.domain.times import iso_of
from events.ledger.audit import entries_of
from events.models import AuditEntry


def object_id(text: str) -> str:
    """Reads the id of an object, or a ticket's reference."""
    if not text or len(text) > OBJECT_ID_MAX or "\x00" in text:
        raise ValueError(f"1 to {OBJECT_ID_MAX} characters.")
    return text


class AuditTrail(ListView):
    """Lists the organizer's part of the audit trail."""

    scopes = {"GET": READERS}
    filters = {"object_type": one_of(*OBJECT_TYPES), "object_id": object_id}

    @openapi.READ_AUDIT
    def get(self, request: Request) -> HttpResponse:
        """Answers with a page, newest first."""
        asked = self.list_query.filters
        if "object_id" in asked and "object_type" not in asked:
            raise invalid_fields({"object_id": ["It needs an object_type."]})
        rows = entries_of(organizer_id=organizer_of(request).pk, **asked)
        data = numbered_page(self.list_query, rows, lambda page: [render_entry(row) for row in page])
        return responses.ok(data, message="What was done, newest first.")


def render_entry(row: AuditEntry) -> public.AuditEntry:
    """Renders one action. It does not tell which of the operator's people acted."""
    return public.AuditEntry(
        at=iso_of(row.at),
        action=row.action,
        actor=row.actor,
        token_id=row.token_id,
        address=row.address if row.actor_organizer_id == row.organizer_id else None,
        object_type=row.object_type or None,
        object_id=row.object_id or None,
    )
