"""Validates what an organizer sends about one guest."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.fields import TextField
from events.domain.attendee import EMAIL_MAX, clean_email
from events.models import Registration


class EmailField(TextField):
    """Accepts what registering accepts as an e-mail address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=None, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Returns the cleaned address."""
        try:
            return clean_email(data)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


class GuestCorrectionInput(serializers.Serializer[Registration]):
    """The body of `PATCH /events/{id}/attendees/{ticket_id}`."""

    name = TextField(required=False)
    email = EmailField(required=False, help_text=f"A valid address of at most {EMAIL_MAX} characters.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuses a body that corrects nothing."""
        if not attrs:
            raise serializers.ValidationError("Send a name, an e-mail, or both.")
        return attrs
