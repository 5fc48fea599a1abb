"""`POST /events/{id}/resend` for those who lost their ticket, and the organizer's for one guest."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.attendee_fields import EmailField
from events.api.attendees import render_attendee
from events.api.refusals import Refusal, event_not_found
from events.api.views.attendees import find_guest
from events.api.views.base import ApiView, own_event, trail_of, validated
from events.domain.attendee import EMAIL_MAX
from events.domain.audit import Action
from events.domain.public.resend import ResendAsked
from events.domain.scopes import ANYONE, ONLY_FULL
from events.domain.states import HOLDING, Visibility
from events.ledger import queries
from events.ledger.mail.outbox import is_mailed
from events.ledger.mail.resends import mail_again
from events.services.resends import TooManyWishes, take_wish
from omnify.common.envelope import Code

ASKED = "If this address has a ticket for the event, a mail with its link is on its way."

NOT_MAILED = "Nothing is mailed about this event. Please ask the organizer."


class ResendInput(serializers.Serializer[Any]):
    """The body of `POST /events/{id}/resend`."""

    email = EmailField(help_text=f"The address that was registered, of at most {EMAIL_MAX} characters.")


class Resend(ApiView):
    """`POST /events/{id}/resend`."""

    authentication_classes = []
    scopes = {"POST": ANYONE}

    @openapi.RESEND_TICKET
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Writes the wish down, and says the same whether the address has a ticket or not."""
        event = event_id and queries.find_event(event_id=event_id)
        if not event or event.visibility == Visibility.DRAFT:
            raise event_not_found()
        email = validated(ResendInput(data=request.data))["email"]
        try:
            take_wish(request._request, event_id=event.pk, email=email, mailed=is_mailed(event))
        except TooManyWishes as problem:
            headers = {"Retry-After": str(problem.seconds)}
            raise Refusal(Code.RATE_LIMITED, 429, str(problem), headers=headers) from None
        mailed = is_mailed(event)
        return responses.ok(ResendAsked(event.pk, mailed), message=ASKED if mailed else NOT_MAILED, status=202)


class AttendeeResend(ApiView):
    """`POST /events/{id}/attendees/{ticket_id}/resend`."""

    scopes = {"POST": ONLY_FULL}

    @openapi.RESEND_TO_ATTENDEE
    def post(self, request: Request, event_id: int | None, ticket_id: str) -> HttpResponse:
        """Mails one guest's ticket again."""
        event = own_event(request, event_id)
        row = find_guest(event, ticket_id)
        if row.status not in HOLDING:
            raise Refusal(Code.NOT_CONFIRMED, 409, "This ticket has no seat and does not wait for one.")
        with transaction.atomic():
            trail_of(request).record(Action.TICKET_MAILED, row)
            row.event = event
            written = mail_again(row, now=timezone.now())
        if not written:
            raise Refusal(Code.NOT_CONFIRMED, 409, "Nothing is mailed about this event: `mail` or EMAIL_URL is off.")
        return responses.ok(render_attendee(row), message="The ticket is on its way.", status=202)
