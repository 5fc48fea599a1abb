"""The event log: every message that an organizer's subscriptions to all types would have got, for catching up.

    write_batch   in the transaction of the decision: one row for all of its messages
    read_log      from a time, or behind a message, in the log's order

**Order.** Transactions end in another order than that in which they wrote their rows. A reader that went by the ids of
rows would pass one that is committed later, and never see it. So rows get their positions when they are read, by a
reader that holds the organizer's row lock until its own commit: what is committed later gets a higher position, always.
Drains pay nothing for it, and wait for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from django.db import connection, transaction
from django.db.models import Min, QuerySet

from events.domain.webhooks.message import LoggedAt
from events.domain.webhooks.stored import StoredMessage, unpack
from events.ledger.webhooks.sql import NUMBER_BATCHES
from events.models import MessageBatch, Organizer

# How many batches are numbered in one transaction: a first reader after weeks finds all of them without positions.
NUMBERED_AT_ONCE = 5000


class LogExpired(Exception):
    """The message is one of ours, and is kept no longer."""


class NotInLog(Exception):
    """There is no such message in this organizer's log."""


class LoggedMessage(NamedTuple):
    """A message in the log."""

    at: LoggedAt
    event_id: int | None
    changed_at: datetime
    message: StoredMessage


class LogSlice(NamedTuple):
    """Some messages in order, and whether others follow now."""

    messages: Sequence[LoggedMessage]
    more: bool


def write_batch(packed: bytes, size: int, *, organizer_id: int, event_id: int | None, now: datetime) -> int:
    """Writes the messages of the caller's transaction, which `events.domain.webhooks.stored` has packed. Returns the
    batch's id."""
    row = MessageBatch(organizer_id=organizer_id, event_id=event_id, size=size, messages=packed, created_at=now)
    row.save(force_insert=True)
    return row.pk


def read_log(
    organizer_id: int, *, limit: int, after: LoggedAt | None = None, since: datetime | None = None
) -> LogSlice:
    """Reads up to `limit` messages: behind one, or from the first of a time on, or from the oldest that is kept.

    Raises:
        LogExpired: `after` is kept no longer. Whether it was this organizer's is not told.
        NotInLog: `after` is not in this organizer's log.
    """
    _number_batches(organizer_id)
    rows = MessageBatch.objects.filter(organizer_id=organizer_id, position__isnull=False)
    first, index = _start(rows, organizer_id, after, since)
    if first is None:
        return LogSlice([], more=False)
    # One more than is asked for says whether others follow.
    found = list(islice(_messages(rows.filter(position__gte=first).order_by("position"), index, limit + 1), limit + 1))
    return LogSlice(found[:limit], more=len(found) > limit)


def _number_batches(organizer_id: int) -> None:
    waiting = MessageBatch.objects.filter(organizer_id=organizer_id, position=None)
    if not waiting.exists():
        return
    numbered = NUMBERED_AT_ONCE
    while numbered == NUMBERED_AT_ONCE:
        with transaction.atomic(), connection.cursor() as cursor:
            # Not the lock of a row that is to go: rows that refer to the organizer are written meanwhile.
            Organizer.objects.select_for_update(no_key=True).get(pk=organizer_id)
            cursor.execute(NUMBER_BATCHES, [organizer_id, organizer_id, NUMBERED_AT_ONCE])
            numbered = cursor.rowcount


def _start(
    rows: QuerySet[MessageBatch], organizer_id: int, after: LoggedAt | None, since: datetime | None
) -> tuple[int | None, int]:
    """Returns the position of the first batch to read, and which of its messages comes first."""
    if after is None:
        kept = rows if since is None else rows.filter(created_at__gte=since)
        return kept.aggregate(first=Min("position"))["first"], 0
    found = MessageBatch.objects.filter(pk=after.batch).values_list("organizer_id", "position", "size").first()
    if found is None:
        raise LogExpired
    owner, position, size = found
    if owner != organizer_id or after.number >= size:
        raise NotInLog
    return position, after.number + 1


def _messages(rows: QuerySet[MessageBatch], index: int, limit: int) -> Iterator[LoggedMessage]:
    for row in MessageBatch.objects.filter(pk__in=_needed(rows, index + limit)).order_by("position"):
        for number, message in enumerate(unpack(bytes(row.messages), row.size)[index:], index):
            yield LoggedMessage(LoggedAt(row.pk, number), row.event_id, row.created_at, message)
        index = 0


def _needed(rows: QuerySet[MessageBatch], count: int) -> list[int]:
    """Finds the batches with the next `count` messages: a batch may hold thousands."""
    needed: list[int] = []
    for batch, size in rows.values_list("pk", "size")[:count]:
        needed.append(batch)
        count -= size
        if count <= 0:
            break
    return needed


def purge_batches(*, before: datetime, limit: int) -> int:
    """Deletes up to `limit` batches created before `before`. Returns how many."""
    oldest = list(MessageBatch.objects.order_by("pk").values_list("pk", flat=True)[:limit])
    return MessageBatch.objects.filter(pk__in=oldest, created_at__lt=before).delete()[0]
