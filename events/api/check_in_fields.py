"""Validates what the entrance sends."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.fields import MomentField


class CheckInInput(serializers.Serializer[Any]):
    """The body of `POST /events/{id}/check-ins`: a ticket, named by one of the three fields."""

    code = serializers.CharField(required=False, max_length=100, help_text="What the QR code holds.")
    ticket_id = serializers.CharField(required=False, max_length=100)
    reference = serializers.CharField(required=False, max_length=100, help_text="Of a guest on the list.")
    checked_in_at = MomentField(
        required=False, help_text="When it happened, from a device that had no network. Default, and the latest: now."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks that exactly one ticket is named."""
        if len(attrs.keys() - {"checked_in_at"}) != 1:
            raise serializers.ValidationError({"code": ["Send one of code, ticket_id and reference."]})
        return attrs
