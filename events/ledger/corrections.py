"""Corrections of guests' names and e-mails: written by the drain, with a result that the API and later drains read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from events.domain.commands import Correction
from events.domain.corrections import CorrectionResult
from events.domain.outcome import Outcome
from events.domain.states import Status
from events.ledger.waitlist import waitlist_positions
from events.models import GuestCorrection, Registration

# Digests of e-mails that corrected tickets no longer hold, by ticket.
Freed = Mapping[str, Sequence[str]]


def write_corrections(event_id: int, corrections: Iterable[Correction]) -> None:
    """Writes new names and e-mails into rows that exist, one after the other: an address may pass from one guest to
    the next within a batch. Inside the drain's transaction."""
    for correction in corrections:
        row = Registration.objects.filter(event_id=event_id, ticket_key=correction.ticket).first()
        if row is not None:
            _write(row, correction)


def _write(row: Registration, correction: Correction) -> None:
    row.name = row.name if correction.name is None else correction.name
    if correction.email is not None and correction.email_key is not None:
        row.email, row.email_key = correction.email, correction.email_key
    row.save(update_fields=["name", "email", "email_key", "search_key"])


def record_corrections(event_id: int, results: Sequence[CorrectionResult], *, now: datetime) -> None:
    """Writes the results of corrections."""
    GuestCorrection.objects.bulk_create(
        GuestCorrection(
            event_id=event_id,
            key=result.correction.key,
            sequence=result.correction.sequence,
            ticket_key=result.correction.ticket,
            verdict=result.verdict.value,
            freed_digest=result.freed_digest,
            decided_at=now,
        )
        for result in results
    )


def correction_result(*, event_id: int, key: str) -> GuestCorrection | None:
    """Returns the result of a `Correction`; None while it is in the queue."""
    return GuestCorrection.objects.filter(event_id=event_id, key=key).first()


def made_corrections(event_id: int, keys: Sequence[str]) -> set[str]:
    """Finds those among `keys` of commands that have a result."""
    if not keys:
        return set()
    return set(GuestCorrection.objects.filter(event_id=event_id, key__in=keys).values_list("key", flat=True))


def freed_by(results: Iterable[CorrectionResult]) -> Freed:
    """Returns the digests of e-mails that these corrections freed."""
    return combined([{r.correction.ticket: [r.freed_digest]} for r in results if r.freed_digest])


def freed_since(event_id: int, moment: datetime, *, until: datetime | None = None) -> Freed:
    """Reads the digests of e-mails that corrections after `moment` freed, and up to `until`: Redis may have them
    still."""
    rows = GuestCorrection.objects.filter(event_id=event_id, decided_at__gt=moment).exclude(freed_digest="")
    if until is not None:
        rows = rows.filter(decided_at__lte=until)
    return combined([{ticket: [digest]} for ticket, digest in rows.values_list("ticket_key", "freed_digest")])


def combined(parts: Iterable[Freed]) -> Freed:
    """Makes one of several."""
    freed: dict[str, list[str]] = {}
    for part in parts:
        for ticket, digests in part.items():
            freed.setdefault(ticket, []).extend(digests)
    return freed


def as_messages(event_id: int, changes: Sequence[Outcome], corrections: Sequence[CorrectionResult]) -> list[Outcome]:
    """Picks the changes that corrections made, each with its position if the ticket waits: a message about a correction
    tells the ticket's status by it."""
    made = {(r.correction.ticket, r.revision) for r in corrections if r.revision}
    found = [change for change in changes if (change.key, change.revision) in made]
    positions = waitlist_positions(event_id, [change.key for change in found if change.status is Status.WAITLISTED])
    return [msgspec.structs.replace(change, position=positions.get(change.key)) for change in found]
