"""Subscriptions and their delivery log, as their organizer sees them."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from events.domain.public.definition import TicketIdText, Time, one_of
from events.domain.public.ticket import TICKET_ID
from events.domain.webhooks.message import MessageType
from events.domain.webhooks.states import DeliveryState, DisabledReason


class Webhook(Struct, frozen=True, kw_only=True):
    """A subscription, or the organizer's default secret."""

    id: Annotated[int, Meta(examples=[3])]
    url: Annotated[
        str | None,
        Meta(
            description="null: the default secret. Complete only with the scope `full`.",
            examples=["https://example.org/hooks/omnify"],
        ),
    ]
    default_secret: Annotated[
        bool, Meta(description="Whether it is the secret that signs messages to `callback_url`s.", examples=[False])
    ]
    event_types: Annotated[
        list[Annotated[str, Meta(extra_json_schema=one_of(MessageType))]],
        Meta(examples=[["registration.confirmed", "registration.cancelled"]]),
    ]
    event_id: Annotated[int | None, Meta(description="null: all of the organizer's events.")]
    enabled: Annotated[bool, Meta(examples=[True])]
    disabled_at: Time | None
    disabled_reason: Annotated[str | None, Meta(extra_json_schema=one_of(DisabledReason))]
    failing_since: Annotated[Time | None, Meta(description="The first failure since the last success.")]
    previous_secret_until: Annotated[Time | None, Meta(description="Until then the old secret signs too.")]
    created_at: Annotated[Time, Meta(examples=["2030-11-01T08:00:00.000+00:00"])]


class NewWebhook(Webhook, frozen=True, kw_only=True):
    """A webhook whose secret has just been made."""

    secret: Annotated[
        str,
        Meta(
            description="`whsec_` and 32 bytes in base64. Shown only in this response.",
            examples=["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="],
        ),
    ]


class Delivery(Struct, frozen=True, kw_only=True):
    """One entry of the delivery log."""

    id: Annotated[int, Meta(examples=[4711])]
    webhook_id: Annotated[int, Meta(examples=[3])]
    message_id: Annotated[
        str, Meta(description="The `webhook-id` header of every attempt.", examples=["msg_4711_5f0c9a1e"])
    ]
    type: Annotated[str, Meta(examples=["registration.confirmed"])]
    event_id: Annotated[int | None, Meta(examples=[7])]
    ticket_id: Annotated[
        TicketIdText | UnsetType | None,
        Meta(description="Only with a token of the scope `full`.", examples=[TICKET_ID]),
    ] = UNSET
    url: Annotated[str | None, Meta(description="A callback's URL; null: the webhook's URL.")]
    state: Annotated[str, Meta(examples=["pending"], extra_json_schema=one_of(DeliveryState))]
    attempts: Annotated[int, Meta(examples=[1])]
    last_status_code: Annotated[int | None, Meta(description="null: no response came.", examples=[503])]
    last_error: Annotated[
        str | None, Meta(description="A code such as `timeout` or `no_public_address`.", examples=["bad_status"])
    ]
    last_attempt_at: Annotated[Time | None, Meta(examples=["2030-11-01T09:00:00.300+00:00"])]
    next_attempt_at: Annotated[
        Time | None,
        Meta(description="null once delivered or dead.", examples=["2030-11-01T09:00:05.412+00:00"]),
    ]
    created_at: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.250+00:00"])]


class Replayed(Struct, frozen=True):
    """The result of a replay."""

    replayed: Annotated[int, Meta(examples=[1200])]
