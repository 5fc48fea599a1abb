"""Attendees as CSV: streamed in batches, readable in every spreadsheet, and never a formula in one."""

from __future__ import annotations

import csv
import io
import re
from typing import Any
from urllib.parse import unquote

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient

from events.api import export
from tests.support.in_process.api import Caller, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)


def read_csv(caller: Caller, url: str, **headers: str) -> tuple[Any, list[bytes]]:
    """The answer and the chunks it came in."""

    async def read() -> tuple[Any, list[bytes]]:
        token = {"authorization": f"Bearer {caller.token}"}
        answer: Any = await AsyncClient().get(url, headers={**token, **headers})
        return answer, [chunk async for chunk in answer.streaming_content]

    return async_to_sync(read)()


def test_csv_streams_all_attendees_batch_by_batch() -> None:
    caller = organizer()
    event_id = create(caller, max_capacity=5000)
    count = 2 * export.BATCH_ROWS + 5
    attend(event_id, count)
    for url, headers in (
        (f"/events/{event_id}/attendees?format=csv", {}),
        (f"/events/{event_id}/attendees", {"accept": "text/csv"}),
    ):
        answer, chunks = read_csv(caller, url, **headers)
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        plain = f"event-{event_id}-attendees"
        named = f"attachment; filename=\"{plain}.csv\"; filename*=UTF-8''{plain}-Concert.csv"
        assert answer["Content-Disposition"] == named
        assert len(chunks) == 4
        rows = list(csv.reader(io.StringIO(b"".join(chunks).decode("utf-8-sig"))))
        assert rows[0] == [
            *("reference", "name", "email", "quantity", "ticket_type", "confirmed_at", "sequence"),
            *("checked_in_at", "checked_in_quantity", "reason", "expires_at", "status", "code_id", "code_hint"),
        ]
        assert [int(row[6]) for row in rows[1:]] == list(range(3, 3 * count + 1, 3))


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\uff1d1",
        " =1",
        "\u3000@x",
        "\u200b=1",
        "\ufeff-1",
        "\u22121",
        "\ufe66x",
        "\t=1",
    ],
)
def test_a_csv_cell_is_never_a_formula(name: str) -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, name=name)
    _, chunks = read_csv(caller, f"/events/{event_id}/attendees?format=csv")
    assert f"'{name}" in next(csv.reader([chunks[1].decode()]))


@pytest.mark.parametrize("name", ["Ann;x", "a,=1", 'x";1;"', "Jos\u00e9", "x=1", "\u5c71\u7530\u3000\u592a\u90ce"])
def test_a_csv_is_for_spreadsheets_of_every_country(name: str) -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, name=name)
    _, chunks = read_csv(caller, f"/events/{event_id}/attendees?format=csv")
    whole = b"".join(chunks)
    assert whole.startswith(b'\xef\xbb\xbf"')
    for line in whole.decode("utf-8-sig").splitlines():
        # Quoted from the first cell to the last: no separator outside of quotes but the comma.
        assert re.fullmatch(r'"(?:[^"]|"")*"(?:,"(?:[^"]|"")*")*', line), line
    assert name in next(csv.reader([whole.decode("utf-8-sig").splitlines()[1]]))


def test_a_csv_has_the_name_of_its_event_in_every_script() -> None:
    caller = organizer()
    event_id = create(caller, name='\u5c71 / "F\u00eate"..')
    answer, _ = read_csv(caller, f"/events/{event_id}/attendees?format=csv")
    _, _, encoded = answer["Content-Disposition"].partition("filename*=UTF-8''")
    assert unquote(encoded) == f"event-{event_id}-attendees-\u5c71 - -F\u00eate.csv"
    assert answer["Content-Disposition"].isascii()


def test_csv_keeps_commas_quotes_and_every_script() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, name='Ørsted, "Hans" 漢')
    _, chunks = read_csv(caller, f"/events/{event_id}/attendees?format=csv&search=hans")
    assert next(csv.reader([chunks[1].decode()]))[1] == 'Ørsted, "Hans" 漢'


@pytest.mark.parametrize("name", ["Ann;=1+1;x", 'x";=1+1;"', 'x;"=1+1"', "a; \u200b@x", "a;\uff1d1", "=1;-1"])
def test_no_cell_is_a_formula_where_a_semicolon_separates(name: str) -> None:
    """A cell that begins behind the first quotes is not quoted there, so quotes alone hold nothing."""
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1, name=name)
    _, chunks = read_csv(caller, f"/events/{event_id}/attendees?format=csv")
    for cell in next(csv.reader([chunks[1].decode()], delimiter=";")):
        assert not re.match(r"[\s\u200b]*[=+\-@\uff1d]", cell), cell
