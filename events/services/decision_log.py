"""Signs a decision log, from committed state only, and never a second history.

What was signed last of each log is kept in a file under `$OMNIFY_HOME/signed-logs`, apart from the database: where that
was restored from an older backup, a log that does not begin with what was published is not signed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from events.domain.decision_log import entries
from events.domain.decision_log.merkle import Tree, range_hash
from events.domain.decision_log.notes import BadNote, Checkpoint, NoteSigner, handover, public_key, read_checkpoint
from events.domain.decision_log.tiles import log_number, nodes_of_tiles
from events.domain.times import to_ms
from events.ledger.database import database
from events.ledger.decision_log.append import OpenLog, append_alone, open_log
from events.ledger.decision_log.read import LogHead, log_head, tile_hashes
from events.models import Event
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class NotSigned(Exception):
    """The operator has set no key, or not the one that the log names."""


class HistoryBroken(Exception):
    """The log does not begin with what was published of it."""


class NothingToDo(Exception):
    """There is no log, or it is as it must be; the message says which."""


def signer(origin: str, key: bytes) -> NoteSigner:
    """Returns what signs the log of this name under this public key. Raises NotSigned."""
    for seed in (settings.ENV.log_signing_key, *settings.ENV.log_signing_key_fallbacks):
        if seed and public_key(seed) == key:
            return NoteSigner(origin, seed)
    raise NotSigned


def signed_head(event_id: int) -> tuple[LogHead, str] | None:
    """Returns how far an event's log is, and that signed; None if it has no log.

    Raises:
        NotSigned, HistoryBroken
        OSError: the file with what was signed last cannot be used.
    """
    with _locked(event_id):
        # Read behind the lock: another process may have signed more than was there before.
        head = log_head(event_id)
        if head is None:
            return None
        file = _file(event_id, head.origin)
        note = signer(head.origin, head.key).sign(Checkpoint(head.origin, head.tree.size, head.tree.root).text)
        known = _known(file)
        if known != note:
            if known and not _continues(head, known):
                logger.error("a decision log contradicts what was published of it", event_id=head.event_id)
                raise HistoryBroken
            _write(file, note)
        cosigned = _known(file.with_suffix(".cosigned")) if settings.ENV.log_witnesses else ""
    return head, cosigned if cosigned.startswith(note) else note


def keep_cosignatures(head: LogHead, note: str, lines: Sequence[str]) -> None:
    """Keeps what witnesses have signed below a checkpoint, to be served as long as the log is as it says."""
    if lines:
        _write(
            _file(head.event_id, head.origin).with_suffix(".cosigned"), note + "".join(f"{line}\n" for line in lines)
        )


def _continues(head: LogHead, note: str) -> bool:
    """Tells whether a log begins with a checkpoint of its own that was published."""
    try:
        before = _unsigned(note)
    except BadNote:
        return False
    return before.origin == head.origin and before.size <= head.tree.size and root_at(head, before.size) == before.root


def _unsigned(note: str) -> Checkpoint:
    return read_checkpoint(note.partition("\n\n")[0] + "\n")


def root_at(head: LogHead, size: int) -> bytes:
    """Returns the root that a log had with its first `size` entries."""
    if not size:
        return Tree().root
    return range_hash(0, size, nodes_of_tiles(lambda tile: tile_hashes(head.event_id, tile), head.tree.size))


def hand_over(event_id: int) -> bool:
    """Has `LOG_SIGNING_KEY` sign an event's log from here on, which the key before it signs. Returns whether it was
    another until now.

    Raises:
        NotSigned: neither key is there.
        NothingToDo: there is no log.
    """
    new = public_key(settings.ENV.log_signing_key) if settings.ENV.log_signing_key else b""
    if not new:
        raise NotSigned
    with transaction.atomic():
        event, log = _opened(event_id)
        if log.key == new:
            return False
        told = handover(Checkpoint(log.origin, log.tree.size, log.tree.root), new)
        signature = signer(log.origin, log.key).signature(told) if log.key else bytes(64)
        entry = entries.key_change(now_ms=_now_ms(), old=log.key or entries.NO_KEY, new=new, signature=signature)
        append_alone(event, log, entry, origin=log.origin, key=new)
    return True


def open_new_log(event_id: int, *, published: str = "") -> str:
    """Has a log go on under a new name, from an entry on that states the break. Returns the name.

    `published` is the last checkpoint that was published of it, unless this host has signed that itself.

    Raises:
        NothingToDo: there is no log, or it does begin with what was published.
        BadNote: `published` is no checkpoint.
    """
    with _locked(event_id):
        head = log_head(event_id)
        if head is None:
            raise NothingToDo("This event has no decision log.")
        note = published or _known(_file(event_id, head.origin))
        if not note or _continues(head, note):
            raise NothingToDo("The log continues what was published of it: nothing is broken.")
        if _unsigned(note).origin != head.origin:
            raise BadNote("The checkpoint is of another log.")
        origin = _next_origin(event_id, head.origin)
        with transaction.atomic():
            event, log = _opened(event_id)
            entry = entries.broken_off(now_ms=_now_ms(), note=note)
            append_alone(event, log, entry, origin=origin, key=log.key)
    logger.warning("a decision log goes on under a new name", event_id=event_id, origin=origin)
    return origin


def _opened(event_id: int) -> tuple[Event, OpenLog]:
    event = database().lock_event(event_id)
    log = open_log(event) if event is not None and event.has_log else None
    if event is None or log is None:
        raise NothingToDo("This event has no decision log.")
    return event, log


def _next_origin(event_id: int, origin: str) -> str:
    """Numbers the name; one under which something was signed here is not taken again."""
    base, found = origin.rpartition("/log")[0], log_number(origin) + 1
    while _file(event_id, f"{base}/log/{found}").exists():
        found += 1
    return f"{base}/log/{found}"


def _now_ms() -> int:
    return to_ms(timezone.now())


def is_signed(head: LogHead) -> bool:
    """Tells whether a log is as this host has signed it last."""
    told = Checkpoint(head.origin, head.tree.size, head.tree.root).text
    return _known(_file(head.event_id, head.origin)).startswith(f"{told}\n")


def numbered_name(event_id: int, number: int) -> str:
    """Returns what files of a log are called: `7`, and `7.2` after a break."""
    return str(event_id) if number == 1 else f"{event_id}.{number}"


def _file(event_id: int, origin: str) -> Path:
    """Returns the file with what was signed last under a name."""
    return settings.ENV.home / "signed-logs" / f"{numbered_name(event_id, log_number(origin))}.checkpoint"


@contextmanager
def _locked(event_id: int) -> Iterator[None]:
    """Keeps others of this host from signing the same log."""
    lock = _file(event_id, "").with_suffix(".lock")
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _known(file: Path) -> str:
    return file.read_text("utf-8") if file.exists() else ""


def _write(file: Path, note: str) -> None:
    half = file.with_suffix(".new")
    with half.open("w", encoding="utf-8") as out:
        out.write(note)
        out.flush()
        os.fsync(out.fileno())
    half.replace(file)
