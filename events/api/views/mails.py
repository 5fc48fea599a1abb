"""`/events/{id}/mails`: which mails to guests were refused, given up, or wait."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import ListView, numbered_page, one_of
from events.api.views.base import own_event
from events.domain.mail.kinds import MailKind, MailState
from events.domain.public import mail as public
from events.domain.scopes import READERS
from events.domain.tickets import reference
from events.domain.times import iso_of
from events.ledger.mail.claims import LISTED, mails_of
from events.models import Mail


class MailList(ListView):
    """Lists mails that an organizer may have to do something about."""

    scopes = {"GET": READERS}
    filters = {"state": one_of(*(state.value for state in LISTED))}

    @openapi.LIST_MAILS
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with a page, newest first: of those that were not delivered, unless told otherwise."""
        asked = self.list_query.filters.get("state")
        rows = mails_of(own_event(request, event_id).pk, state=MailState(asked) if asked else None)
        data = numbered_page(self.list_query, rows, lambda page: [_render(row) for row in page])
        return responses.ok(data, message="The event's mails, newest first.")


def _render(row: Mail) -> public.Mail:
    return public.Mail(
        id=row.pk,
        reference=reference(row.event_id, row.ticket_key),
        kind=MailKind(row.kind),
        state=MailState(row.state),
        created_at=iso_of(row.created_at),
        attempts=row.attempts,
        last_attempt_at=iso_of(row.last_attempt_at),
        next_attempt_at=iso_of(row.next_attempt_at) if row.state == MailState.PENDING else None,
        status=row.last_status,
        error=row.last_error,
    )
