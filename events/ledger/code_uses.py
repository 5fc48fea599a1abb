"""Access codes as the drain reads and counts them, under the event's row lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import F, QuerySet

from events.domain.codes import AccessCode
from events.domain.times import to_ms
from events.ledger.database import database
from events.ledger.records import CodeUseRecord
from events.models import AccessCode as Row
from events.models import Event

_COLUMNS = ("pk", "digest", "revision", "uses", "used_count", "opens_at", "ticket_type_id", "revoked_at")


def seats_left(event_id: int, code_ids: Collection[int]) -> dict[int, int]:
    """Reads how many seats these codes still let in, by id. Revoked ones too: their tickets were admitted before."""
    if not code_ids:
        return {}
    rows = Row.objects.filter(event_id=event_id, pk__in=code_ids)
    return dict(rows.values_list("pk", F("uses") - F("used_count")))


def count_uses(event: Event, moved: Mapping[int, int], *, moment: datetime) -> None:
    """Counts seats that codes have let in, and takes back those of tickets that have lost their place.

    Raises django.db.IntegrityError: a code would let in more than it is for.
    """
    records = [CodeUseRecord(id=code_id, seats=seats) for code_id, seats in moved.items() if seats]
    if records:
        database().move_code_uses(event.pk, records, changed_at=moment)


def codes_changed_since(event_id: int, moment: datetime, *, until: datetime | None = None) -> list[AccessCode]:
    """Reads codes that were made, revoked or counted after `moment`, and up to `until`."""
    rows = Row.objects.filter(event_id=event_id, changed_at__gt=moment)
    return _read(rows if until is None else rows.filter(changed_at__lte=until))


def moments_of_code_changes(event_id: int, moment: datetime, *, count: int) -> list[datetime]:
    """Reads when the `count`th code after `moment` was changed, if there are as many."""
    rows = Row.objects.filter(event_id=event_id, changed_at__gt=moment).order_by("changed_at")
    return list(rows.values_list("changed_at", flat=True)[count - 1 : count])


def all_codes(event_id: int) -> list[AccessCode]:
    """Reads all codes of an event, for admission."""
    return _read(Row.objects.filter(event_id=event_id).order_by("pk"))


def _read(rows: QuerySet[Row]) -> list[AccessCode]:
    return [_code(*columns) for columns in rows.values_list(*_COLUMNS)]


def code_of(row: Row) -> AccessCode:
    """Returns a row as admission takes it."""
    return _code(*(getattr(row, name) for name in _COLUMNS))


def _code(
    pk: int,
    digest: str,
    revision: int,
    uses: int,
    used: int,
    opens_at: datetime | None,
    type_id: int | None,
    revoked_at: datetime | None,
) -> AccessCode:
    opens_ms = to_ms(opens_at) if opens_at else 0
    return AccessCode(pk, digest, revision, uses, used, opens_ms, type_id or 0, revoked_at is not None)
