"""Answers to organizers' requests with an Idempotency-Key: one for each key, sealed, for `KEPT_FOR`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from events.domain.webhooks.sealing import CannotOpen
from events.models import IdempotentAnswer
from events.secrets import sealer

KEPT_FOR = timedelta(hours=24)
_CHUNK = 5000


class Claim(NamedTuple):
    """The row of a key, and whether this request is the first with it. Else the row has the answer of the first."""

    row: IdempotentAnswer
    first: bool


def claim(*, organizer_id: int, key_digest: str, request_digest: str, now: datetime) -> Claim:
    """Claims a key for the caller's transaction, after which a crash or a refusal leaves nothing of it.

    Waits while another transaction with the same key is under way. Raises django.db.OperationalError if that takes
    longer than a statement may.
    """
    assert transaction.get_connection().in_atomic_block
    rows = IdempotentAnswer.objects.filter(organizer_id=organizer_id, key_digest=key_digest)
    rows.filter(created_at__lte=now - KEPT_FOR).delete()
    row, first = IdempotentAnswer.objects.get_or_create(
        organizer_id=organizer_id,
        key_digest=key_digest,
        defaults={"request_digest": request_digest, "created_at": now},
    )
    return Claim(row, first)


def keep(row: IdempotentAnswer, answer: str) -> None:
    """Seals and stores the answer, in the transaction that claimed the key."""
    row.answer = sealer().seal(answer)
    row.save(update_fields=["answer"])


def drop(row: IdempotentAnswer) -> None:
    """Forgets a key and its answer: the next request with it is the first."""
    IdempotentAnswer.objects.filter(pk=row.pk).delete()


def open_answer(row: IdempotentAnswer) -> str:
    """Returns the answer. Raises CannotOpen: the SECRET_KEY that sealed it is gone."""
    return sealer().open(row.answer)


def purge_answers(*, before: datetime) -> int:
    """Deletes what was kept before `before`, in chunks of one transaction each. Returns how many rows."""
    purged = 0
    rows = IdempotentAnswer.objects.filter(created_at__lt=before).order_by("created_at")
    while ids := list(rows.values_list("pk", flat=True)[:_CHUNK]):
        purged += IdempotentAnswer.objects.filter(pk__in=ids).delete()[0]
    return purged


def reseal_answers() -> Iterator[str]:
    """Seals answers under the current SECRET_KEY. Yields for each what was done: resealed, current or unreadable."""
    for pk in IdempotentAnswer.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = IdempotentAnswer.objects.select_for_update().filter(pk=pk).first()
            if row is not None:
                yield _reseal(row)


def _reseal(row: IdempotentAnswer) -> str:
    try:
        fresh = sealer().reseal(row.answer)
    except CannotOpen:
        # Nothing depends on it: it is deleted within a day.
        row.delete()
        return "unreadable answer"
    if fresh is None:
        return "current"
    row.answer = fresh
    row.save(update_fields=["answer"])
    return "resealed"
