"""Input fields without coercion: "7" is not a number, 7 is not a text, a time needs an offset.

A field that checks more than Django REST framework's says so itself in `accepts`, which the OpenAPI document shows
(`events.api.openapi.fields`): what is checked and what is described stand beside each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

from events.domain.attendee import NAME_MAX
from events.domain.text import LINE_OR_NOTHING_PATTERN, LINE_PATTERN, TEXT_PATTERN, clean_line, clean_text
from events.domain.times import in_range
from events.domain.zones import is_time_zone

DESCRIPTION_MAX = 10_000


# The years that a time may have, as a regular expression of JSON Schema.
_YEARS = r"^(19[7-9][0-9]|[2-8][0-9]{3}|9[0-8][0-9]{2}|99[0-8][0-9]|999[0-8])-"


class DescribedField:
    """Is of every field that says itself what it accepts."""

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema (OpenAPI 3.0) of its values, null aside."""
        raise NotImplementedError


class TextField(DescribedField, serializers.CharField):
    """Accepts a line of 1 to 255 characters, or to `max_length`, without control characters; trims it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": NAME_MAX, **kwargs})

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values."""
        least = {"pattern": LINE_OR_NOTHING_PATTERN} if self.allow_blank else {"minLength": 1, "pattern": LINE_PATTERN}
        return {"type": "string", "maxLength": self.max_length or NAME_MAX, **least}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Skips CharField's own coercion of numbers to text."""
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            raise serializers.ValidationError("Not a string.")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        """Returns the cleaned text."""
        try:
            return clean_line(data, longest=self.max_length or NAME_MAX)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


class MarkdownField(DescribedField, serializers.CharField):
    """Accepts a text of several lines, up to `DESCRIPTION_MAX` characters; it may be empty."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"allow_blank": True, "trim_whitespace": False, **kwargs})
        self.validators = []  # `clean_text` has the rules

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values."""
        return {"type": "string", "maxLength": DESCRIPTION_MAX, "pattern": TEXT_PATTERN}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Skips CharField's own coercion of numbers to text."""
        if data is not serializers.empty and data is not None and not isinstance(data, str):
            raise serializers.ValidationError("Not a string.")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        """Returns the cleaned text."""
        try:
            return clean_text(data, longest=DESCRIPTION_MAX)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


class TimeZoneField(TextField):
    """Accepts the IANA name of a time zone."""

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values: the form of a name; there are hundreds."""
        return {**super().accepts(), "pattern": r"^[A-Za-z][A-Za-z0-9_+/-]*$", "example": "Europe/Paris"}

    def to_internal_value(self, data: Any) -> str:
        """Returns the name as the time zone database writes it."""
        name = super().to_internal_value(data)
        if not is_time_zone(name):
            raise serializers.ValidationError("This must be the IANA name of a time zone, such as Europe/Paris.")
        return name


class ChoiceField(serializers.ChoiceField):
    """Accepts one of a few texts; the error names them."""

    def __init__(self, choices: Sequence[str], **kwargs: Any) -> None:
        super().__init__(choices, **kwargs)
        self.error_messages["invalid_choice"] = f"This must be one of {', '.join(choices)}."


class WholeNumberField(serializers.IntegerField):
    """Accepts a JSON number without a fraction."""

    def to_internal_value(self, data: Any) -> int:
        """Returns the number. Refuses a text, a boolean or a fraction."""
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("This must be a whole number.")
        return data


class FlagField(serializers.BooleanField):
    """Accepts true or false, and no text or number that means them."""

    def to_internal_value(self, data: Any) -> bool:
        """Returns the value."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("This must be true or false.")
        return data


class MomentField(DescribedField, serializers.DateTimeField):
    """Accepts ISO 8601 with an offset; converts to UTC and cuts to milliseconds."""

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values."""
        return {"type": "string", "format": "date-time", "pattern": _YEARS}

    def to_internal_value(self, value: Any) -> datetime:
        """Returns the time in UTC, from 1970 to 9998."""
        moment = _parse(value)
        if moment is None:
            raise serializers.ValidationError("This must be a time such as 2026-11-23T12:00:00+00:00.")
        if moment.tzinfo is None:
            raise serializers.ValidationError("The time needs an offset, as in 2026-11-23T12:00:00+00:00.")
        try:
            return in_range(moment)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem


def _parse(value: Any) -> datetime | None:
    try:
        return parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
