"""Validates how the seats of an event are held."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from events.api.fields import ChoiceField, WholeNumberField
from events.domain.holds import IN_TERMS, LONGEST_SECONDS, SHORTEST_SECONDS, AppliesTo

_FIELDS = ("seconds", "confirmed_by", "applies_to")
COLUMNS = tuple(f"hold_{name}" for name in _FIELDS)
_NONE: dict[str, Any] = {"hold_seconds": None, "hold_confirmed_by": "", "hold_applies_to": ""}


class HoldInput(serializers.Serializer[Any]):
    """How seats are set aside before they are confirmed."""

    seconds = WholeNumberField(min_value=SHORTEST_SECONDS, max_value=LONGEST_SECONDS, help_text="For how long.")
    confirmed_by = ChoiceField(
        choices=[c.value for c in IN_TERMS],
        help_text="`organizer`: you confirm, after a payment, say. `holder`: it is an offer to accept.",
    )
    applies_to = ChoiceField(
        choices=[a.value for a in AppliesTo], help_text="`all` seats, or those alone that the `waitlist` gets."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks that it is complete, also in a change of the event."""
        missing = [name for name in _FIELDS if name not in attrs]
        if missing:
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        return attrs


def with_hold_columns(attrs: dict[str, Any]) -> dict[str, Any]:
    """Replaces a hold by the columns of an event's row that have it."""
    if "hold" not in attrs:
        return attrs
    rest = {name: value for name, value in attrs.items() if name != "hold"}
    hold = attrs["hold"]
    return {**rest, **(_NONE if hold is None else {f"hold_{name}": value for name, value in hold.items()})}
