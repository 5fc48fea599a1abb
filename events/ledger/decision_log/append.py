"""Appends a batch to its event's decision log, inside the transaction that decides it and under the event's row lock.

A batch is one row of bytes, and the log's own row says how far the log is: so log and ledger are equal after any crash.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.backends.utils import CursorWrapper

from events.domain.decision_log import entries
from events.domain.decision_log.merkle import Tree
from events.domain.decision_log.notes import public_key
from events.domain.seats import Seats
from events.ledger.database import database
from events.ledger.decision_log import sql
from events.ledger.decision_log.entry_maker import MAILBOX_KEY_BYTES, EntryMaker, LogBatch
from events.ledger.records import LogChunk
from events.models import Event
from omnify.common.logs import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLog:
    """The log of a locked event. `key` is the public key that signs it, empty if none does; `terms` are those of its
    last entries; `is_new`: it has no row yet."""

    origin: str
    key: bytes
    maker: EntryMaker
    tree: Tree
    terms: bytes
    is_new: bool = False


def open_log(event: Event, *, needed: bool = False) -> OpenLog | None:
    """Reads how far the log of a locked event is.

    An event has one from its first decision on, or never: None for one that had decisions before there were logs.
    `needed`: also where logs are off.
    """
    if event.has_log:
        return _read(event.pk)
    if event.decided_at is not None or not (needed or settings.ENV.decision_log):
        return None
    maker = EntryMaker(event.pk, os.urandom(MAILBOX_KEY_BYTES))
    seed = settings.ENV.log_signing_key
    key = public_key(seed) if seed else b""
    return OpenLog(origin=origin_of(event.pk), key=key, maker=maker, tree=Tree(), terms=b"", is_new=True)


def _read(event_id: int) -> OpenLog | None:
    with connection.cursor() as cursor:
        cursor.execute(sql.READ_LOG, [event_id])
        row = cursor.fetchone()
    if row is None:
        # A row that was taken out by hand. What was published of it tells; people wait for their decisions.
        logger.error("the decision log is gone", event_id=event_id)
        return None
    origin, key, mailbox_key, size, frontier, terms = row
    maker, tree = EntryMaker(event_id, bytes(mailbox_key)), Tree.unpack(size, bytes(frontier))
    return OpenLog(origin=origin, key=bytes(key), maker=maker, tree=tree, terms=bytes(terms))


def origin_of(event_id: int) -> str:
    """Names an event's log as https://c2sp.org/tlog-checkpoint would have it: where it is, without the scheme."""
    return f"{settings.ENV.public_host}/events/{event_id}/log"


def append(log: OpenLog, batch: LogBatch, *, before: Seats, after: Seats, last_sequence: int, now_ms: int) -> None:
    """Writes the entries of a batch. `before` and `after` are the event's counters; `last_sequence` is the highest that
    was handled so far.

    Raises django.db.IntegrityError: the log is not as it was read.
    """
    if not batch.leaves:
        return
    with connection.cursor() as cursor:
        if log.is_new:
            cursor.execute(sql.BEGIN_LOG, [log.maker.event_id, log.origin, log.key, log.maker.mailbox_key, b"", b""])
            cursor.execute(sql.MARK_LOGGED, [log.maker.event_id])
        _extend(cursor, log, batch.behind(prelude(log, before, now_ms)), entries.terms(after), last_sequence)


def append_alone(event: Event, log: OpenLog, entry: bytes, *, origin: str, key: bytes) -> None:
    """Writes one entry that decides nothing, by which a log that has begun gets another name or key. `event` is locked.

    Raises django.db.IntegrityError: as above.
    """
    with connection.cursor() as cursor:
        _extend(cursor, log, LogBatch.of([entry]), log.terms, event.last_sequence)
        cursor.execute(sql.NAME_LOG, [origin, key, event.pk])


def _extend(cursor: CursorWrapper, log: OpenLog, batch: LogBatch, terms: bytes, last_sequence: int) -> None:
    event_id, size = log.maker.event_id, log.tree.size
    tree, tiles = log.tree.append(batch.leaves)
    cursor.execute(sql.APPEND_TO_LOG, [tree.size, tree.packed, terms, event_id, size])
    if cursor.rowcount != 1:
        raise IntegrityError("the log was changed beside its event's lock")
    database().insert_log_chunk(LogChunk(event_id, size, tree.size, last_sequence, batch.framed, b"".join(tiles)))


def prelude(log: OpenLog, before: Seats, now_ms: int) -> list[bytes]:
    """Makes the entries in front of a batch: the log's first, and the terms where they differ from the last ones."""
    key = log.key or entries.NO_KEY
    begin = [] if log.tree.size else [entries.begin(event_id=log.maker.event_id, now_ms=now_ms, key=key)]
    terms = entries.terms(before)
    return begin if terms == log.terms else [*begin, *entries.new_terms(log.terms, terms, now_ms=now_ms)]
