"""Validates what the entrance sends."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class CheckInInput(serializers.Serializer[Any]):
    """The body of `POST /events/{id}/check-ins`: one of the two fields."""

    code = serializers.CharField(required=False, max_length=100, help_text="What the QR code holds.")
    ticket_id = serializers.CharField(required=False, max_length=100)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks that exactly one field was sent."""
        if len(attrs) != 1:
            raise serializers.ValidationError({"code": ["Send either code or ticket_id."]})
        return attrs
