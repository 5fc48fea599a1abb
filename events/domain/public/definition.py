"""What the definitions are written with: a field is `name: Annotated[type, Meta(description=..., examples=[...])]`.

A field that may be left out has the type `... | UnsetType` and the default UNSET: msgspec does not send it then.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct, inspect

from events.domain.tickets import CHECK_IN_CODE_PATTERN, REFERENCE_PATTERN, TICKET_ID_PATTERN

# ISO 8601 in UTC with milliseconds, as `events.domain.times.iso` renders it.
Time = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
# An address of this service: a path, or the whole where the operator has said `PUBLIC_URL`.
Link = Annotated[str, Meta(extra_json_schema={"format": "uri-reference"})]
TicketIdText = Annotated[str, Meta(extra_json_schema={"pattern": TICKET_ID_PATTERN})]
ReferenceText = Annotated[str, Meta(extra_json_schema={"pattern": REFERENCE_PATTERN})]
CheckInCodeText = Annotated[str, Meta(extra_json_schema={"pattern": CHECK_IN_CODE_PATTERN})]


def one_of(values: Iterable[StrEnum]) -> dict[str, Any]:
    """Describes a text that is sent as it is stored: one of `values`."""
    return {"enum": [value.value for value in values]}


def fields_of(kind: type[Struct]) -> tuple[inspect.Field, ...]:
    """Returns the fields of a public object in the order they are sent."""
    found = inspect.type_info(kind)
    assert isinstance(found, inspect.StructType)
    return found.fields


def example(kind: type[Struct], **changes: Any) -> dict[str, Any]:
    """Builds the example of a public object from its fields' examples, with some of them changed.

    A field without an example is null, or left out where that is allowed.
    """
    shown: dict[str, Any] = {}
    for field in fields_of(kind):
        found = field.type.extra_json_schema or {} if isinstance(field.type, inspect.Metadata) else {}
        if field.required or "examples" in found:
            shown[field.name] = found.get("examples", [None])[0]
    return {**shown, **changes}
