"""Validates what the entrance sends."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.fields import DescribedField, MomentField, WholeNumberField
from events.domain.seats import MAX_QUANTITY

CHECK_IN_ID = r"^[A-Za-z0-9_-]{1,64}$"


_LONGEST = 100


class PastedField(DescribedField, serializers.CharField):
    """Accepts what names a ticket, with what copying put into it; not blank."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=_LONGEST, **kwargs)

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values."""
        seen = r"^[^\u0000]*[^\s\u0000-\u001f\u0085][^\u0000]*$"
        return {"type": "string", "minLength": 1, "maxLength": _LONGEST, "pattern": seen}


class PeopleInput(serializers.Serializer[Any]):
    """The body of `POST /registrations/{ticket_id}/check-in`; it may be left out."""

    quantity = WholeNumberField(
        required=False,
        min_value=1,
        max_value=MAX_QUANTITY,
        help_text="How many of a group come in now; all who are not in yet, unless told.",
    )


class UndoInput(serializers.Serializer[Any]):
    """The query of `DELETE /events/{id}/check-ins/{reference}`."""

    check_in_id = serializers.RegexField(CHECK_IN_ID, required=False)
    checked_in_at = MomentField(required=False)


class CheckInInput(PeopleInput):
    """The body of `POST /events/{id}/check-ins`: a ticket, named by `code`, `ticket_id` or `reference`."""

    code = PastedField(required=False, help_text="What the QR code holds.")
    ticket_id = PastedField(required=False)
    reference = PastedField(required=False, help_text="Of a guest on the list.")
    checked_in_at = MomentField(
        required=False, help_text="When it happened, from a device that had no network. Default, and the latest: now."
    )

    check_in_id = serializers.RegexField(
        CHECK_IN_ID,
        required=False,
        help_text="The device's name for this check-in, 1 to 64 letters, digits, `-` and `_`: the same again is the "
        "same check-in, and an undo finds it by that.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks that exactly one ticket is named."""
        if len(attrs.keys() & {"code", "ticket_id", "reference"}) != 1:
            raise serializers.ValidationError({"code": ["Send one of code, ticket_id and reference."]})
        return attrs
