"""Writing registrations in bulk.

PostgreSQL takes a batch as one JSON document through `json_to_recordset`: one statement, one round trip, about three
times as fast as the ORM's `bulk_create`. SQLite, which has no such function in this form, takes `bulk_create`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import connection

from events.domain.allocation import Decision
from events.domain.states import Status
from events.models import Registration

_encode = msgspec.json.Encoder().encode

# Rows are inserted in the order of the document, so `id` follows the order of admission too.
_INSERT = """
INSERT INTO events_registration
    (event_id, ticket_key, name, email, email_key, status, reason, sequence, revision,
     requested_at, decided_at, confirmed_at)
SELECT %s, k, n, e, m, s, w, q, 1, to_timestamp(r / 1000.0), %s, CASE WHEN s = 'confirmed' THEN %s::timestamptz END
FROM json_to_recordset(%s) AS batch
    (k varchar, n varchar, e varchar, m varchar, s varchar, w varchar, q bigint, r bigint)
"""


def insert_registrations(event_id: int, decisions: Sequence[Decision], *, decided_at: datetime) -> None:
    """Writes decisions as new rows, inside the caller's transaction.

    Raises:
        django.db.DataError, IntegrityError, ValueError: some entry cannot be stored; nothing was written.
    """
    if connection.vendor == "postgresql":
        document = _encode([_record(d) for d in decisions]).decode()
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [event_id, decided_at, decided_at, document])
    else:
        Registration.objects.bulk_create(_row(event_id, d, decided_at) for d in decisions)


def _record(decision: Decision) -> dict[str, Any]:
    request = decision.request
    return {
        "k": request.key,
        "n": request.name,
        "e": request.email,
        "m": request.email_key,
        "s": decision.status.value,
        "w": decision.reason.value if decision.reason else "",
        "q": request.sequence,
        "r": request.requested_ms,
    }


def _row(event_id: int, decision: Decision, decided_at: datetime) -> Registration:
    request = decision.request
    return Registration(
        event_id=event_id,
        ticket_key=request.key,
        name=request.name,
        email=request.email,
        email_key=request.email_key,
        status=decision.status.value,
        reason=decision.reason.value if decision.reason else "",
        sequence=request.sequence,
        requested_at=datetime.fromtimestamp(request.requested_ms / 1000, UTC),
        decided_at=decided_at,
        confirmed_at=decided_at if decision.status is Status.CONFIRMED else None,
    )
