"""The SQL of the ledger against the structs whose documents it reads."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from events.ledger import sql
from events.ledger.records import AttemptRecord, MessageRecord, MoveRecord, RegistrationRecord, SeatsRecord, Subscriber
from events.ledger.webhooks import sql as outbox
from events.ledger.webhooks.claims import ClaimedDelivery

DOCUMENT = re.compile(r"json_to_recordset\([^)]*\) AS \w+\s*\(([^)]*)\)")


@pytest.mark.parametrize(
    ("statement", "structs"),
    [
        (sql.INSERT_REGISTRATIONS, [RegistrationRecord]),
        (sql.INSERT_SEATS, [SeatsRecord]),
        (sql.MOVE_REGISTRATIONS, [MoveRecord]),
        (outbox.INSERT_DELIVERIES, [MessageRecord, Subscriber]),
        (outbox.RECORD_ATTEMPTS, [AttemptRecord]),
    ],
)
def test_a_statement_reads_every_field_of_its_documents(statement: str, structs: list[type[msgspec.Struct]]) -> None:
    read = [{column.split()[0] for column in columns.split(",")} for columns in DOCUMENT.findall(statement)]
    assert read == [set(struct.__struct_fields__) for struct in structs]


def test_a_claim_returns_the_fields_of_a_claimed_delivery_in_their_order() -> None:
    assert ClaimedDelivery._fields == outbox.CLAIMED_COLUMNS


@pytest.mark.parametrize("module", [sql, outbox])
def test_every_statement_has_a_comment_that_begins_with_its_name(module: ModuleType) -> None:
    text = Path(str(module.__file__)).read_text()
    names = re.findall(r"^([A-Z_]+) = ", text, re.MULTILINE)
    assert all(f"# {name.lower()}: " in text for name in names if not name.endswith("_COLUMNS") and name[0] != "_")
