"""`GET /audit`: what was done to an organizer's objects, by whom, and from where."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import ListView, numbered_page
from events.api.views.base import organizer_of
from events.domain.public import token as public
from events.domain.scopes import READERS
from events.domain.times import iso_of
from events.ledger.audit import entries_of
from events.models import AuditEntry


class AuditTrail(ListView):
    """Lists the organizer's part of the audit trail."""

    scopes = {"GET": READERS}

    @openapi.READ_AUDIT
    def get(self, request: Request) -> HttpResponse:
        """Answers with a page, newest first."""
        rows = entries_of(organizer_id=organizer_of(request).pk)
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
