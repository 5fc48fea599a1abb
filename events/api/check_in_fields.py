"""Validates what the entrance sends."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.fields import MomentField, WholeNumberField
from events.domain.seats import MAX_QUANTITY

CHECK_IN_ID = r"^[A-Za-z0-9_-]{1,64}$"


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

    code = serializers.CharField(required=False, max_length=100, help_text="What the QR code holds.")
    ticket_id = serializers.CharField(required=False, max_length=100)
    reference = serializers.CharField(required=False, max_length=100, help_text="Of a guest on the list.")
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
