"""Mails that are kept as files: `<kind>.<reference>.<number>.eml`, readable for their owner alone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path

_ENDING = ".eml"


def keep(folder: Path, name: str, content: bytes) -> None:
    """Writes a mail, or replaces the one of this name. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    half = folder / f".{name}.new"
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    half.rename(folder / f"{name}{_ENDING}")


def read(folder: Path, name: str) -> bytes | None:
    """Returns a mail; None if it is not there."""
    try:
        return (folder / f"{name}{_ENDING}").read_bytes()
    except OSError:
        return None


def remove_older(folder: Path, *, days: float) -> int:
    """Deletes the mails that are older than `days`. Returns how many."""
    oldest = time.time() - days * 86_400
    return _remove(folder, lambda path: path.stat().st_mtime < oldest)


def remove_to(folder: Path, addresses: Iterable[str]) -> int:
    """Deletes the mails to one of these addresses, whatever its case. Returns how many."""
    wanted = {address.lower() for address in addresses}
    return _remove(folder, lambda path: _recipient(path) in wanted)


def _recipient(path: Path) -> str:
    header = BytesHeaderParser(policy=policy.default).parsebytes(path.read_bytes())
    # As `sanitize_address` writes it: one address without a name. A local part beyond ASCII is an encoded word.
    return str(header["To"] or "").strip().lower()


def remove_of_event(folder: Path, event_id: int) -> int:
    """Deletes the mails about tickets of this event. Returns how many."""
    return _remove(folder, lambda path: path.name.split(".")[1].startswith(f"{event_id}-"))


def _remove(folder: Path, doomed: Callable[[Path], bool]) -> int:
    removed = 0
    for path in folder.glob(f"*{_ENDING}"):
        with suppress(FileNotFoundError):  # another process deletes them, too
            if doomed(path):
                path.unlink()
                removed += 1
    return removed
