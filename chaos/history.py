"""What was observed, as records in files of JSON lines.

Times are seconds of this machine's monotonic clock, which all its processes share; no fault skews it for us.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal

import msgspec

NO_ANSWER = 0
Operation = Literal["register", "status", "cancel"]


class Call(msgspec.Struct, frozen=True, tag="call", kw_only=True):
    """One request and its answer.

    Attributes:
        guest: who sent it; a guest's registrations are tries of one.
        key: its Idempotency-Key, or nothing.
        status: of HTTP; NO_ANSWER if none came, and then the request may have been served.
        code: of a refusal.
        ticket, state, reason, sequence: as answered; for a refusal the ticket that was asked for.
    """

    op: Operation
    guest: int
    event: int
    door: str
    began: float
    ended: float
    status: int
    email: str = ""
    key: str = ""
    code: str = ""
    ticket: str = ""
    state: str = ""
    reason: str | None = None
    sequence: int | None = None

    @property
    def accepted(self) -> bool:
        """Whether this is a promise."""
        return self.status == 202


class Message(msgspec.Struct, frozen=True, tag="message", kw_only=True):
    """A webhook message that came. `genuine`: its signature is valid."""

    at: float
    id: str
    ticket: str
    state: str
    genuine: bool


class Counts(msgspec.Struct, frozen=True, tag="counts", kw_only=True):
    """What a door said about an event."""

    event: int
    at: float
    capacity: int
    confirmed: int


class Struck(msgspec.Struct, frozen=True, tag="fault", kw_only=True):
    """A fault that was done and has healed."""

    kind: str
    target: str
    began: float
    healed: float


class Ended(msgspec.Struct, frozen=True, tag="ended", kw_only=True):
    """A node that ended although nothing had struck it."""

    node: str
    at: float
    how: str


Record = Call | Message | Counts | Struck | Ended
_decode = msgspec.json.Decoder(Record).decode


class Writer:
    """Appends records to a file, each at once: what is written stays, whatever ends the run."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        self._encode = msgspec.json.Encoder().encode

    def write(self, record: Record) -> None:
        self._file.write(self._encode(record) + b"\n")

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self._file.close()


def read(paths: Iterable[Path]) -> Iterator[Record]:
    """Reads the records of several files, each in the order in which they were written."""
    for path in paths:
        with path.open("rb") as lines:
            yield from map(_decode, lines)
