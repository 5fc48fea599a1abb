"""The answers that the walk-through shows have the fields that the service gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.domain.public.attendee import Attendee, Stats
from events.domain.public.event import Event
from events.domain.public.ticket import AcceptedTicket, Ticket

WALK_THROUGH = Path(__file__).parents[2] / "docs" / "walk-through.md"


def objects() -> Iterator[dict[str, Any]]:
    """The JSON objects of its code blocks, which are broken into lines, but for those of which parts are left out."""
    lines = iter(WALK_THROUGH.read_text("utf-8").splitlines())
    for line in lines:
        if line.startswith(('    {"success":true', "    ✓ msg_")):
            text = line[line.index("{") :]
            while text.count("{") > text.count("}"):
                text += next(lines).strip()
            if "..." not in text:
                yield json.loads(text)


@pytest.mark.parametrize(
    ("named", "struct"),
    [
        ("The event is created.", Event),
        ("Registration received.", AcceptedTicket),
        ("Decided.", Ticket),
        ("Confirmed registrations in order of admission.", Attendee),
        ("The event's registrations now.", Stats),
        ("registration.confirmed", Ticket),
    ],
)
def test_an_answer_has_the_fields_that_the_service_gives(named: str, struct: type[msgspec.Struct]) -> None:
    [shown] = [found for found in objects() if named in (found.get("message"), found.get("type"))]
    [data] = shown["data"].get("results", [shown["data"]])
    fields = [field for field in msgspec.structs.fields(struct) if field.required or field.encode_name in data]
    assert list(data) == [field.encode_name for field in fields]
    msgspec.convert(data, struct)
