"""Descriptions of the hot routes of an event, which the door answers before Django sees them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from events.api.attendee_fields import EmailField, LanguageField
from events.api.fields import TextField
from events.api.openapi import examples
from events.api.openapi.envelopes import success_with
from events.api.openapi.idempotency import IDEMPOTENCY_KEY
from events.api.openapi.parameters import CHALLENGE, EVENT_ID, LINK, RETRY_AFTER_READING, sent_header
from events.api.openapi.responses import BODY_FAULTS, EITHER, NO_EVENT, NO_TOKEN, bad, describe, good, invalid
from events.api.webhooks.serializers import WebhookUrlField
from events.domain.codes import WRITTEN_MAX
from events.domain.public.event import Event
from events.domain.public.receipt import ReceiptedTicket
from events.domain.seats import MAX_QUANTITY
from omnify.common.envelope import Code


class RegistrationInput(serializers.Serializer[Any]):
    """The body of a registration."""

    # Described by the fields of an organizer's bodies: `events.door.parse` checks by the same rules of the domain.

    name = TextField()
    email = EmailField(help_text="Letter case does not make another person.")
    ticket_type = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="The id of one of the event's `ticket_types`; needed if there are several.",
    )
    quantity = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=MAX_QUANTITY,
        help_text="How many seats, all or none; 1 unless told, and `max_quantity` at most.",
    )
    code = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=WRITTEN_MAX,
        help_text="An access code; case, spaces and dashes do not count. Needed where the event's `access` is `code`.",
    )
    language = LanguageField(
        required=False,
        allow_null=True,
        help_text=(
            "The language of mails about this ticket, as BCP 47 writes it: `de`, `pt-BR`. English where there are none "
            "in it. It does not count for whether two registrations are the same."
        ),
    )
    callback_url = WebhookUrlField(
        required=False,
        allow_null=True,
        help_text="Only with an organizer's token: gets this ticket's messages, signed with the default secret.",
    )


READ_EVENT = describe(
    operation_id="read_event",
    summary="Read an event",
    description=(
        "Its state now, the same for every client. A draft is 404 `event_not_found`, but for its organizer's token."
    ),
    tags=["events"],
    auth=EITHER,
    parameters=[EVENT_ID],
    responses={200: good(success_with(Event), "The event now.", event=examples.EVENT), **NO_EVENT},
)

# Responses to registrations that were counted, unless the limit is off.
COUNTED = (202, 409, 429, 503)

REGISTER = describe(
    operation_id="register",
    summary="Register for an event",
    description=(
        "A 202 is a promise: the registration is on disk, takes its turn in the event's line and reaches a decision. "
        "Read it at `status_url`.\n\n"
        "A group gets all its seats or none. Where fewer are free it is waitlisted or rejected whole, and freed seats "
        "are kept for the first on the waitlist of its type until they suffice: no one passes.\n\n"
        "An address may register so often for one event in a window of time, and far less often be told of others "
        "(`duplicate_registration`, `idempotency_key_reused`) or send a code that is not good (`code_invalid`). The "
        "retry of a ticket under its `Idempotency-Key` is not counted, and the token of the event's own organizer "
        "lifts both limits. Refusals are said in this order: 400, 404, 422, 429, closed or paused, code, not open, "
        "sold out, duplicate, queue full."
    ),
    tags=["registrations"],
    auth=EITHER,
    request=RegistrationInput,
    parameters=[
        EVENT_ID,
        OpenApiParameter(
            "Idempotency-Key",
            IDEMPOTENCY_KEY,
            OpenApiParameter.HEADER,
            description=(
                "The same key and body again gives the same ticket. With another body it is refused for at least 24 "
                "hours, and never gives that ticket."
            ),
        ),
        OpenApiParameter(
            "Prefer",
            str,
            OpenApiParameter.HEADER,
            description=(
                "With `receipt` (RFC 7240) the 202 has the operator's signed statement of the ticket's place in the "
                "order, made before the decision. Ignored where the operator signs none."
            ),
        ),
        sent_header("Location", "The ticket's address.", 202, kind=LINK),
        sent_header("Preference-Applied", "`receipt`, where the answer has one.", 202, always=False),
        RETRY_AFTER_READING,
        sent_header("Retry-After", "Whole seconds to wait before trying again.", 429, kind=int),
        sent_header("Retry-After", "Whole seconds until it may be taken.", 409, kind=int, always=False),
        sent_header(
            "RateLimit-Policy",
            'The limit on addresses: `"register";q=<quota>;w=<seconds>`, or `"refusals"` where that one was reached.',
            *COUNTED,
            always=False,
        ),
        sent_header(
            "RateLimit",
            'What the address has left: `"register";r=<registrations>;t=<seconds until more>`.',
            *COUNTED,
            always=False,
        ),
        CHALLENGE,
    ],
    responses={
        202: good(success_with(ReceiptedTicket), "In line.", ticket=examples.ACCEPTED, with_receipt=examples.RECEIPTED),
        400: invalid("email", "Enter a valid e-mail address."),
        **NO_TOKEN,
        403: bad(
            "No access code where one is needed; one that is unknown, used up, revoked, not open yet or for another "
            "ticket type, which are told apart for no one; or a token whose scope does not reach this.",
            (Code.CODE_REQUIRED, "This event needs an access code."),
            (Code.CODE_INVALID, "This code does not let you in, or not now."),
            (Code.FORBIDDEN, "A token with the scope read does not reach this."),
        ),
        **NO_EVENT,
        409: bad(
            "No registration now. `registration_not_open` and `registration_paused` carry `Retry-After`.",
            (Code.DUPLICATE_REGISTRATION, "This e-mail address is registered for the event already."),
            (Code.REGISTRATION_NOT_OPEN, "Registration has not opened yet."),
            (Code.REGISTRATION_CLOSED, "Registration is closed."),
            (Code.REGISTRATION_PAUSED, "Registration is paused. Try again."),
            (Code.SOLD_OUT, "No seat is left."),
        ),
        **BODY_FAULTS,
        422: bad(
            "The `Idempotency-Key` came with another body before.",
            (Code.IDEMPOTENCY_KEY_REUSED, "This Idempotency-Key came with another body before."),
        ),
        429: bad(
            "Too many registrations from one address; after `Retry-After` one more will be taken.",
            (Code.RATE_LIMITED, "Too many registrations from this address."),
        ),
        503: bad(
            "Nothing was queued.",
            (Code.QUEUE_FULL, "Too many are waiting. Try again."),
            (Code.UNAVAILABLE, "The queue is out of reach. Try again."),
        ),
    },
)
