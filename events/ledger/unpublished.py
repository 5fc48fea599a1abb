"""What Redis lacks of an event: changes by earlier batches, which a batch publishes along with its own.

A drain died before it published them, or Redis has lost them since. Here they are few; `events.services.republish`
publishes many.
"""

from __future__ import annotations

from events.domain.codes import AccessCode
from events.domain.outcome import Outcome
from events.domain.snapshot import CopyProgress, EventProgress
from events.domain.times import from_ms, to_ms
from events.ledger.batch_context import Digest, with_digest
from events.ledger.code_uses import codes_changed_since
from events.ledger.corrections import Freed, freed_since
from events.ledger.tickets import changed_since
from events.models import Event

# While they are read, the event's row is locked.
MOST_UNPUBLISHED = 2000


class LedgerBehind(Exception):
    """Decisions of this event are published that the ledger does not hold. Nothing may be decided before they are taken
    back: their seats would be given to others while their holders are told that they have them."""


class CopyBehind(Exception):
    """Redis lacks so many changes of this event that they are published apart, before anything more is decided."""


def unpublished_outcomes(event: Event, published: CopyProgress, *, digest: Digest) -> tuple[list[Outcome], Freed]:
    """Reads changes that Redis lacks, and the e-mails that they freed. `published` is how far its copy is.

    Raises LedgerBehind, CopyBehind.
    """
    decided_ms = to_ms(event.decided_at) if event.decided_at else 0
    if published.exceeds(EventProgress(event.pk, event.version, decided_ms)):
        raise LedgerBehind(event.pk)
    if published.version is None or decided_ms <= published.published_ms:
        return [], {}
    since = from_ms(published.published_ms)
    changed = changed_since(event.pk, since, limit=MOST_UNPUBLISHED + 1)
    if len(changed) > MOST_UNPUBLISHED:
        raise CopyBehind(event.pk)
    return [with_digest(ticket, digest).outcome for ticket in changed], freed_since(event.pk, since)


def unpublished_codes(event: Event, published: CopyProgress) -> list[AccessCode]:
    """Reads access codes that changed in the batch that was just written, and before it where Redis lacks that."""
    if event.decided_at is None:
        return []
    known_ms = to_ms(event.decided_at) - 1 if published.version is None else published.published_ms
    return codes_changed_since(event.pk, from_ms(known_ms))
