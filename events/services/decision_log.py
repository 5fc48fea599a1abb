"""Signs a decision log, from committed state only, and never a second history.

What was signed last of each log is kept in a file under `$OMNIFY_HOME/signed-logs`, apart from the database: where that
was restored from an older backup, a log that does not begin with what was published is not signed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from events.domain.decision_log.merkle import Tree, range_hash
from events.domain.decision_log.notes import Checkpoint, NoteSigner, NoteVerifier, read_checkpoint
from events.domain.decision_log.tiles import nodes_of_tiles
from events.ledger.decision_log.read import LogHead, log_head, tile_hashes
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class NotSigned(Exception):
    """The operator has set no key."""


class HistoryBroken(Exception):
    """The log does not begin with what was published of it."""


def signer(origin: str) -> NoteSigner:
    """Returns what signs the log of this name. Raises NotSigned."""
    if not settings.ENV.log_signing_key:
        raise NotSigned
    return NoteSigner(origin, settings.ENV.log_signing_key)


def signed_head(event_id: int) -> tuple[LogHead, str] | None:
    """Returns how far an event's log is, and that signed; None if it has no log.

    Raises:
        NotSigned, HistoryBroken
        OSError: the file with what was signed last cannot be used.
    """
    head = log_head(event_id)
    if head is None:
        return None
    by = signer(head.origin)
    with _locked(event_id) as file:
        # Read again behind the lock: another process may have signed more than was there before.
        head = log_head(event_id) or head
        note = by.sign(Checkpoint(head.origin, head.tree.size, head.tree.root).text)
        known = file.read_text("utf-8") if file.exists() else ""
        if known != note:
            _check(head, known, by)
            _write(file, note)
    return head, note


def _check(head: LogHead, known: str, by: NoteSigner) -> None:
    """Raises HistoryBroken."""
    if not known:
        return
    before = read_checkpoint(NoteVerifier(by.verifier_key).open(known))
    if before.origin != head.origin or before.size > head.tree.size or root_at(head, before.size) != before.root:
        logger.error("a decision log contradicts what was published of it", event_id=head.event_id)
        raise HistoryBroken


def root_at(head: LogHead, size: int) -> bytes:
    """Returns the root that a log had with its first `size` entries."""
    if not size:
        return Tree().root
    return range_hash(0, size, nodes_of_tiles(lambda tile: tile_hashes(head.event_id, tile), head.tree.size))


@contextmanager
def _locked(event_id: int) -> Iterator[Path]:
    """Keeps others of this host from signing the same log. Yields the file with what was signed last."""
    folder: Path = settings.ENV.home / "signed-logs"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{event_id}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder / f"{event_id}.checkpoint"


def _write(file: Path, note: str) -> None:
    half = file.with_suffix(".new")
    with half.open("w", encoding="utf-8") as out:
        out.write(note)
        out.flush()
        os.fsync(out.fileno())
    half.replace(file)
