"""`/events/{id}/mails`: which mails to guests were refused, given up, or wait, and what one ticket's came to."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import ListView, numbered_page, one_of, ticket_reference
from events.api.views.base import ApiView, own_event
from events.domain.mail.kinds import MailKind, MailState
from events.domain.public import mail as public
from events.domain.public import mail_status as public_status
from events.domain.scopes import READERS
from events.domain.tickets import reference
from events.domain.times import iso_of
from events.ledger.mail.claims import LISTED, held_back, mails_about, mails_of, oldest_pending
from events.ledger.mail.outbox import is_mailed
from events.models import Mail
from omnify.common.email_url import Way


class MailList(ListView):
    """Lists mails that an organizer may have to do something about, or all about one ticket."""

    scopes = {"GET": READERS}
    filters = {"state": one_of(*(state.value for state in LISTED)), "reference": ticket_reference}

    @openapi.LIST_MAILS
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with a page, newest first: of those that were not delivered, unless told otherwise."""
        event, asked, named = own_event(request, event_id), *map(self.list_query.filters.get, ("state", "reference"))
        state = MailState(asked) if asked else None
        if named is None:
            rows = mails_of(event.pk, state=state)
        else:
            rows = mails_about(event.pk, ref=named[1] if named[0] == event.pk else None, state=state)
        data = numbered_page(self.list_query, rows, lambda page: [_render(row) for row in page])
        return responses.ok(data, message="The event's mails, newest first.")


_WAYS = {Way.OFF: public_status.MailWay.OFF, Way.FILES: public_status.MailWay.FILES}


class MailStatusView(ApiView):
    """Says how mail about an event goes out, and for how long it waits."""

    scopes = {"GET": READERS}

    @openapi.READ_MAIL_STATUS
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with the way, the age of the oldest mail that is due, and why mail is held back."""
        event, way = own_event(request, event_id), settings.ENV.email_url.way
        now = timezone.now()
        since, held = oldest_pending(now=now), held_back(now=now)
        status = public_status.MailStatus(
            mailed=is_mailed(event),
            way=_WAYS.get(way, public_status.MailWay.SERVER),
            oldest_pending_seconds=max(0.0, (now - since).total_seconds()) if since else 0.0,
            problem=held.problem if held else None,
        )
        return responses.ok(status, message="How mail goes out, and for how long it waits.")


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
