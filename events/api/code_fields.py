"""Validates the body of `POST /events/{id}/codes`, and renders codes for their organizer, without the code itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from events.api.fields import DescribedField, MomentField, WholeNumberField
from events.api.parsers import MAX_BODY_BYTES
from events.domain.codes import CODE_MIN, MADE_AT_ONCE, WRITTEN_MAX, check_new_code
from events.domain.public.access_code import AccessCode
from events.domain.seats import MAX_CAPACITY
from events.domain.times import iso_of
from events.ledger.codes import CodeTerms
from events.ledger.counters import terms_of
from events.models import AccessCode as Row

# A body of 16 KiB holds more; each is an entry of the audit trail.
REVOKED_AT_ONCE = 1000
# Of the shortest: a body holds no more.
CHOSEN_AT_ONCE = (MAX_BODY_BYTES - len('{"codes":[]}')) // len(f'"{"x" * CODE_MIN}",')


class ChosenCodeField(DescribedField, serializers.CharField):
    """Accepts a code of the organizer's choice, and keeps it as it is written."""

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values: without the letters of all scripts, which no pattern names."""
        return {"type": "string", "minLength": CODE_MIN, "maxLength": WRITTEN_MAX}

    def run_validation(self, data: Any = serializers.empty) -> str:
        """Returns the text, trimmed."""
        if not isinstance(data, str):
            raise serializers.ValidationError("Not a string.")
        try:
            check_new_code(data)
        except ValueError as problem:
            raise serializers.ValidationError(str(problem)) from problem
        return data.strip()


class CodesInput(serializers.Serializer[Any]):
    """The body of `POST /events/{id}/codes`."""

    # Its context must have `event`.

    count = WholeNumberField(
        required=False, min_value=1, max_value=MADE_AT_ONCE, help_text="How many to make up; or send `codes`."
    )
    codes = serializers.ListField(
        child=ChosenCodeField(),
        required=False,
        min_length=1,
        max_length=CHOSEN_AT_ONCE,
        help_text=(
            "Codes of your choice, 4 to 64 letters and digits each. Case, spaces and dashes do not count. What can be "
            "guessed will be."
        ),
    )
    uses = WholeNumberField(
        required=False, min_value=1, max_value=MAX_CAPACITY, help_text="How many seats each lets in; 1 unless told."
    )
    opens_at = MomentField(
        required=False,
        allow_null=True,
        help_text="From when they let in, also before the event's registration opens. Null or absent: with it.",
    )
    ticket_type = WholeNumberField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="The one ticket type that they open. Null or absent: any.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks the fields against each other, and against the event."""
        problems: dict[str, list[str]] = {}
        if ("count" in attrs) == ("codes" in attrs):
            problems = {name: ["Either `count` or `codes` is needed."] for name in ("count", "codes")}
        elif twice := _twice(attrs.get("codes", ())):
            problems["codes"] = [f"Item {number}: This code stands there twice." for number in twice]
        type_id, known = attrs.get("ticket_type"), {terms.id for terms in terms_of(self.context["event"])}
        if type_id is not None and type_id not in known:
            problems["ticket_type"] = ["This event has no such ticket type."]
        if problems:
            raise serializers.ValidationError(problems)
        return attrs


class RevocationInput(serializers.Serializer[Any]):
    """The body of `POST /events/{id}/codes/revoke`."""

    ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=2**53),
        min_length=1,
        max_length=REVOKED_AT_ONCE,
        help_text="The ids of the event's codes that are to let no one in any more.",
    )


def _twice(codes: Sequence[str]) -> list[int]:
    seen: set[str] = set()
    again = []
    for number, code in enumerate(map(check_new_code, codes), start=1):
        if code in seen:
            again.append(number)
        seen.add(code)
    return again


def terms_from(fields: dict[str, Any]) -> CodeTerms:
    """Returns what the codes of a valid body are for."""
    return CodeTerms(
        uses=fields.get("uses", 1), opens_at=fields.get("opens_at"), ticket_type_id=fields.get("ticket_type")
    )


def render_code(row: Row) -> AccessCode:
    """Renders a code of a list."""
    return AccessCode(
        id=row.pk,
        hint=row.hint,
        uses=row.uses,
        used=row.used_count,
        opens_at=iso_of(row.opens_at),
        ticket_type=row.ticket_type_id,
        created_at=iso_of(row.created_at),
        revoked_at=iso_of(row.revoked_at),
    )
