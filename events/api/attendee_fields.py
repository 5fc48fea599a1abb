"""Validates what an organizer sends about one guest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from events.api.fields import DescribedField, FlagField, TextField, WholeNumberField
from events.domain.attendee import EMAIL_MAX, clean_email
from events.domain.seats import MAX_QUANTITY, NO_TYPE, Counters
from events.models import Registration
from omnify.common.languages.wish import supported


class EmailField(TextField):
    """Accepts what registering accepts as an e-mail address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=None, **kwargs)

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values."""
        return {"type": "string", "format": "email", "maxLength": EMAIL_MAX}

    def to_internal_value(self, data: Any) -> str:
        """Returns the cleaned address."""
        try:
            return clean_email(data)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


class LanguageField(DescribedField, serializers.CharField):
    """Accepts what registering accepts as a language: any text, as the offered language that it comes down to."""

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values."""
        return {"type": "string", "example": "pt-BR"}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Skips CharField's own coercion of numbers to text; a text in no language is no mistake."""
        if data is serializers.empty or data is None:
            return super().run_validation(data)
        if not isinstance(data, str):
            raise serializers.ValidationError("Not a string.")
        return supported(data)


class GuestInput(serializers.Serializer[Registration]):
    """The body of `POST /events/{id}/attendees`."""

    # Its context must have `lines`, the counters by ticket type, and `most` seats of one registration by ticket type.

    name = TextField()
    email = EmailField(help_text=f"A valid address of at most {EMAIL_MAX} characters.")
    quantity = WholeNumberField(
        required=False, min_value=1, max_value=MAX_QUANTITY, help_text="How many seats, all or none; 1 unless told."
    )
    ticket_type = WholeNumberField(
        required=False,
        min_value=1,
        help_text="The id of one of the event's `ticket_types`; needed if there are several.",
    )
    language = LanguageField(
        required=False,
        allow_null=True,
        help_text="The language of the guest's mails, as BCP 47 writes it. English where there are none in it.",
    )
    beyond_capacity = FlagField(
        required=False, help_text="Whether the event, or the ticket type, grows by the seats that are missing."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Finds the line that the guest is for, and checks that it sells so many seats at once."""
        lines: Mapping[int, Counters] = self.context["lines"]
        type_id, quantity = attrs.get("ticket_type", NO_TYPE), attrs.get("quantity", 1)
        if type_id == NO_TYPE and len(lines) == 1:
            [type_id] = lines
        if type_id not in lines:
            several = "ticket_type" not in attrs
            sentence = "This event has several ticket types: say which." if several else "There is no such ticket type."
            raise serializers.ValidationError({"ticket_type": [sentence]})
        most = self.context["most"][type_id]
        if not attrs.get("beyond_capacity"):
            most = min(most, lines[type_id].capacity)
        if quantity > most:
            raise serializers.ValidationError({"quantity": [f"At most {most} at once."]})
        return {**attrs, "ticket_type": type_id, "quantity": quantity}


class GuestCorrectionInput(serializers.Serializer[Registration]):
    """The body of `PATCH /events/{id}/attendees/{ticket_id}`."""

    name = TextField(required=False)
    email = EmailField(required=False, help_text=f"A valid address of at most {EMAIL_MAX} characters.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuses a body that corrects nothing."""
        if not attrs:
            raise serializers.ValidationError("Send a name, an e-mail, or both.")
        return attrs
