"""Descriptions of tickets that are mailed again."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from events.api.attendee_fields import EmailField
from events.api.openapi.envelopes import success_with
from events.api.openapi.examples import ATTENDEE
from events.api.openapi.parameters import EVENT_ID, TICKET_ID, sent_header
from events.api.openapi.responses import ANYONE, BODY_FAULTS, bad, describe, good, invalid
from events.domain.public.attendee import Attendee
from events.domain.public.resend import ResendAsked
from omnify.common.envelope import Code


class ResendBody(serializers.Serializer[Any]):
    """The body of a wish."""

    email = EmailField(help_text="The address that was registered.")


RESEND_TICKET = describe(
    operation_id="resend_ticket",
    summary="Have a lost ticket mailed",
    description=(
        "The link of the ticket goes to the address that was registered, if it has one for this event. The answer is "
        "the same, and takes the same time, whether it has one or not. Limited by the client's address, and by the "
        "mailbox: it gets so many mails in an hour and no more, whatever the event."
    ),
    tags=["registrations"],
    auth=ANYONE,
    request=ResendBody,
    examples=[OpenApiExample("email", value={"email": "guest1@example.org"}, request_only=True)],
    parameters=[EVENT_ID, sent_header("Retry-After", "Whole seconds to wait before asking again.", 429, kind=int)],
    responses={
        202: good(success_with(ResendAsked), "Asked for.", asked={"event_id": 7, "mailed": True}),
        400: invalid("email", "Enter a valid e-mail address.", description="Malformed JSON, or no address."),
        404: bad("There is no such event.", (Code.EVENT_NOT_FOUND, "There is no such event.")),
        429: bad(
            "This address asked too often.",
            (Code.RATE_LIMITED, "Too many requests from this address. Try again in 600 seconds."),
        ),
        **BODY_FAULTS,
    },
)

RESEND_TO_ATTENDEE = describe(
    operation_id="resend_to_attendee",
    summary="Mail a guest's ticket again",
    description=(
        "To the address that the ticket has now. Where the address is to be proved, the mail has the token. The "
        "mailbox gets no more mails in an hour than its limit says."
    ),
    tags=["attendees"],
    request=None,
    parameters=[EVENT_ID, TICKET_ID],
    responses={
        202: good(success_with(Attendee), "The mail is on its way.", attendee=ATTENDEE),
        404: bad(
            "No guest of this event has this ticket, or there is no such event.",
            (Code.TICKET_NOT_FOUND, "There is no such ticket."),
            (Code.EVENT_NOT_FOUND, "There is no such event."),
        ),
        409: bad(
            "The ticket has no seat and does not wait for one, or the event has no mail.",
            (Code.NOT_CONFIRMED, "This ticket has no seat and does not wait for one."),
        ),
    },
)
