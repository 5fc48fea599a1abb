"""Input fields that take JSON at its word: "7" is not a number, 7 is not a text, a time has an offset."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from events.domain.attendee import NAME_MAX, clean_name
from events.domain.times import whole_ms

_OLDEST = datetime(1970, 1, 1, tzinfo=UTC)
_NEWEST = datetime(9999, 1, 1, tzinfo=UTC)


class TextField(serializers.CharField):
    """A line of 1 to 255 characters, without control characters, trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": NAME_MAX, **kwargs})

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Skips CharField's own coercion of numbers to text."""
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            raise serializers.ValidationError("Not a string.")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        """The cleaned text."""
        try:
            return clean_name(data)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


class ChoiceField(serializers.ChoiceField):
    """One of a few texts; the refusal says which."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.error_messages["invalid_choice"] = f"This must be one of {', '.join(choices)}."


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        """The number; a text, a boolean or a fraction is refused."""
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("This must be a whole number.")
        return data


class MomentField(serializers.DateTimeField):
    """ISO 8601 with an offset; kept in UTC, cut to milliseconds."""

    def to_internal_value(self, value: Any) -> datetime:
        """The moment."""
        moment = _parse(value)
        if moment is None:
            raise serializers.ValidationError("This must be a time such as 2026-11-23T12:00:00+00:00.")
        if moment.tzinfo is None:
            raise serializers.ValidationError("The time needs an offset, as in 2026-11-23T12:00:00+00:00.")
        try:
            moment = whole_ms(moment)
        except OverflowError:
            moment = _NEWEST
        if not _OLDEST <= moment < _NEWEST:
            raise serializers.ValidationError("The year must lie between 1970 and 9998.")
        return moment


def _parse(value: Any) -> datetime | None:
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
