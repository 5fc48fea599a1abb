"""What organizers do with access codes: make, list and revoke them.

Under the event's row lock. A change of codes moves the event's `decided_at` on, like a decision: what Redis has not got
is found by that, and published with the tickets that changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, QuerySet

from events.domain.codes import CODES_OF_AN_EVENT, AccessCode
from events.domain.snapshot import EventSnapshot
from events.domain.times import to_ms
from events.ledger.code_uses import code_of
from events.ledger.database import database
from events.ledger.queries import event_snapshot
from events.ledger.write import next_moment
from events.models import AccessCode as Row
from events.models import Event

_AT_ONCE = 1000


class TooManyCodes(Exception):
    """The event would have more codes than one may have."""

    def __init__(self) -> None:
        super().__init__(f"An event has at most {CODES_OF_AN_EVENT} codes.")


class CodesExist(Exception):
    """Codes of the organizer's choice that the event has had already; `numbers` counts them from 1."""

    def __init__(self, numbers: Sequence[int]) -> None:
        super().__init__("The event has had these codes already.")
        self.numbers = numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class CodesUpdate:
    """What to publish after codes were made or revoked. `published_before_ms` is the moment of the change before."""

    event: EventSnapshot
    codes: Sequence[AccessCode]
    published_before_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCode:
    """A code to be stored: `digests` are those under all secrets, the current one first."""

    digests: Sequence[str]
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTerms:
    """What codes are for."""

    uses: int = 1
    opens_at: datetime | None = None
    ticket_type_id: int | None = None


def make_codes(event: Event, codes: Sequence[NewCode], terms: CodeTerms) -> CodesUpdate:
    """Stores new codes of a locked event. Raises TooManyCodes, CodesExist."""
    if Row.objects.filter(event=event).count() + len(codes) > CODES_OF_AN_EVENT:
        raise TooManyCodes
    if known := _known(event, codes):
        raise CodesExist(known)
    moment, before_ms = _move_on(event, has_codes=True)
    rows = [
        Row(
            event=event,
            digest=code.digests[0],
            hint=code.hint,
            uses=terms.uses,
            opens_at=terms.opens_at,
            ticket_type_id=terms.ticket_type_id,
            changed_at=moment,
        )
        for code in codes
    ]
    database().insert_codes(rows)
    return CodesUpdate(event=event_snapshot(event), codes=[code_of(row) for row in rows], published_before_ms=before_ms)


def _known(event: Event, codes: Sequence[NewCode]) -> list[int]:
    numbers = {digest: number for number, code in enumerate(codes, start=1) for digest in code.digests}
    asked = list(numbers)
    found: set[int] = set()
    for start in range(0, len(asked), _AT_ONCE):
        rows = Row.objects.filter(event=event, digest__in=asked[start : start + _AT_ONCE])
        found |= {numbers[digest] for digest in rows.values_list("digest", flat=True)}
    return sorted(found)


def revoke_codes(event: Event, code_ids: Collection[int], *, now: datetime) -> CodesUpdate:
    """Revokes codes of a locked event for good; those of other events are left out. Tickets that they let in stay.

    What was revoked before stays as it is, and is part of the update: it may not have been published.
    """
    rows = Row.objects.filter(event=event, pk__in=code_ids)
    good = rows.filter(revoked_at=None)
    before_ms = to_ms(event.decided_at) if event.decided_at else 0
    if good.exists():
        moment, before_ms = _move_on(event)
        good.update(revoked_at=now, revision=F("revision") + 1, changed_at=moment)
    codes = [code_of(row) for row in rows]
    return CodesUpdate(event=event_snapshot(event), codes=codes, published_before_ms=before_ms)


def _move_on(event: Event, *, has_codes: bool = False) -> tuple[datetime, int]:
    """Gives a locked event its next moment. Returns it, and the one before in ms."""
    moment, before = next_moment(event), event.decided_at
    event.has_codes = event.has_codes or has_codes
    event.decided_at, event.version = moment, event.version + 1
    event.save(update_fields=["has_codes", "decided_at", "version"])
    return moment, to_ms(before) if before else 0


def codes_of(event_id: int) -> QuerySet[Row]:
    """Reads an event's codes, newest first, revoked ones too."""
    return Row.objects.filter(event_id=event_id).order_by("-pk")
