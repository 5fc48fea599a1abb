"""Serializers of webhooks and deliveries, for the OpenAPI schema only; `representations` renders the responses."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.openapi.shapes import names
from events.domain.webhooks.message import MessageType
from events.models.webhook import DeliveryState, DisabledReason


class Webhook(serializers.Serializer[Any]):
    """A subscription, or the organizer's default secret."""

    id = serializers.IntegerField()
    url = serializers.CharField(
        allow_null=True, help_text="null: the default secret. Complete only with the scope `full`."
    )
    default_secret = serializers.BooleanField(
        help_text="Whether it is the secret that signs messages to `callback_url`s."
    )
    event_types = serializers.ListField(child=serializers.ChoiceField(choices=names(MessageType)))
    event_id = serializers.IntegerField(allow_null=True, help_text="null: all of the organizer's events.")
    enabled = serializers.BooleanField()
    disabled_at = serializers.DateTimeField(allow_null=True)
    disabled_reason = serializers.ChoiceField(choices=names(DisabledReason), allow_null=True)
    failing_since = serializers.DateTimeField(allow_null=True, help_text="The first failure since the last success.")
    previous_secret_until = serializers.DateTimeField(allow_null=True, help_text="Until then the old secret signs too.")
    created_at = serializers.DateTimeField()


class NewWebhook(Webhook):
    """A webhook whose secret has just been made."""

    secret = serializers.CharField(help_text="`whsec_` and 32 bytes in base64. Shown only in this response.")


class Delivery(serializers.Serializer[Any]):
    """One entry of the delivery log."""

    id = serializers.IntegerField()
    webhook_id = serializers.IntegerField()
    message_id = serializers.CharField(help_text="The `webhook-id` header of every attempt.")
    type = serializers.CharField()
    event_id = serializers.IntegerField(allow_null=True)
    ticket_id = serializers.CharField(
        required=False, allow_null=True, help_text="Only with a token of the scope `full`."
    )
    url = serializers.CharField(allow_null=True, help_text="A callback's URL; null: the webhook's URL.")
    state = serializers.ChoiceField(choices=names(DeliveryState))
    attempts = serializers.IntegerField()
    last_status_code = serializers.IntegerField(allow_null=True, help_text="null: no response came.")
    last_error = serializers.CharField(allow_null=True, help_text="A code such as `timeout` or `no_public_address`.")
    last_attempt_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True, help_text="null once delivered or dead.")
    created_at = serializers.DateTimeField()


class Replayed(serializers.Serializer[Any]):
    """The result of a replay."""

    replayed = serializers.IntegerField()
