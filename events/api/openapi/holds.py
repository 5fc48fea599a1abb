"""The description of a confirmation, which the door answers before Django sees it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.fields import TextField
from events.api.openapi import examples
from events.api.openapi.envelopes import success_with
from events.api.openapi.parameters import CHALLENGE, RETRY_UNLESS_FINAL, TICKET_ID
from events.api.openapi.responses import BODY_FAULTS, EITHER, NO_TOKEN, bad, describe, good, invalid
from events.domain.holds import REFERENCE_MAX
from events.domain.public.ticket import ConfirmedTicket
from events.door.parse_confirmation import TOKEN_MAX
from omnify.common.envelope import Code


class PaymentInput(serializers.Serializer[Any]):
    """The body of a confirmation."""

    payment_reference = TextField(
        required=False,
        allow_blank=True,
        max_length=REFERENCE_MAX,
        help_text="Names the payment. The same one again is harmless; another one is refused.",
    )
    token = TextField(
        required=False,
        allow_blank=True,
        max_length=TOKEN_MAX,
        help_text="Proves the ticket's address: from the link in the mail that was sent to it.",
    )


CONFIRM_TICKET = describe(
    operation_id="confirm_ticket",
    summary="Confirm a held registration",
    description=(
        "Turns a held ticket into a confirmed one. The event's `hold` said who may when it began: the organizer alone, "
        "with a token of the scope `full`, or also the holder, who needs but the ticket id. The confirmation takes its "
        "turn in the event's queue; one that is admitted before `expires_at` counts, however long the queue is. "
        "The same `payment_reference` again is answered like the first time.\n\n"
        "Where the event wants addresses proved (`verify_email`), a registration is kept only with the `token` that is "
        "mailed to its address. A paid hold begins after that."
    ),
    tags=["registrations"],
    auth=EITHER,
    request=PaymentInput,
    parameters=[TICKET_ID, RETRY_UNLESS_FINAL, CHALLENGE],
    responses={
        202: good(success_with(ConfirmedTicket), "The ticket now.", ticket=examples.CONFIRMING),
        400: invalid(
            "payment_reference", "A line of at most 255 characters.", description="Malformed JSON, or a bad field."
        ),
        **NO_TOKEN,
        403: bad(
            "The token's scope is not `full`.",
            (Code.FORBIDDEN, "Confirming needs an organizer's token with the scope full."),
        ),
        404: bad(
            "No ticket has this id, or the token is another organizer's.",
            (Code.TICKET_NOT_FOUND, "There is no such ticket."),
        ),
        409: bad(
            "The ticket is not held (any more), or another payment has confirmed it.",
            (Code.NOT_HELD, "This ticket is not held, or its time is over."),
        ),
        **BODY_FAULTS,
    },
)
