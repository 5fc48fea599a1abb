"""Makes a log's entries of what an allocation has decided. Depends on its arguments alone, like a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from typing import NamedTuple

from events.domain.allocation import Allocation, Step
from events.domain.commands import Closing, Confirmation, Correction, Drawing, Request, Resize
from events.domain.corrections import CorrectionResult
from events.domain.decision_log import entries
from events.domain.decision_log.entries import Kind, commitment
from events.domain.decision_log.merkle import leaf_hashes
from events.domain.digests import Digest
from events.domain.outcome import Outcome
from events.domain.states import Status
from events.secrets import tickets

MAILBOX_KEY_BYTES = 32
_MAILBOX_BYTES = 16
_NO_MAILBOX = bytes(_MAILBOX_BYTES)
_KINDS = {Status.CANCELLED: Kind.CANCELLATION, Status.EXPIRED: Kind.EXPIRY}


class LogBatch(NamedTuple):
    """A batch's entries: each behind its length (two bytes), and their hashes as leaves."""

    framed: bytes = b""
    leaves: Sequence[bytes] = ()

    @classmethod
    def of(cls, made: Sequence[bytes]) -> LogBatch:
        """Frames and hashes entries."""
        return cls(_framed(made), leaf_hashes(made))

    def behind(self, made: Sequence[bytes]) -> LogBatch:
        """Returns the same with other entries in front."""
        first = LogBatch.of(made)
        return LogBatch(first.framed + self.framed, [*first.leaves, *self.leaves]) if made else self


NO_ENTRIES = LogBatch()


def _framed(made: Sequence[bytes]) -> bytes:
    """Puts its length in front of each entry. Plain registrations are all of one length."""
    lengths = set(map(len, made))
    if len(lengths) == 1:
        length = lengths.pop().to_bytes(2)
        return length + length.join(made)
    return b"".join([len(entry).to_bytes(2) + entry for entry in made])


@dataclass(frozen=True, slots=True)
class EntryMaker:
    """Makes the entries of one event's log. `mailbox_key` is empty after the event's addresses were erased."""

    event_id: int
    mailbox_key: bytes

    def batch(self, done: Allocation, refused: Sequence[tuple[Request, Outcome]], *, now_ms: int) -> LogBatch:
        """Makes the entries of a batch, in order of the commands. `refused` were rejected since they cannot be read."""
        work = _Work(self)
        if done.steps or refused:
            return LogBatch.of(work.in_order(done, refused, now_ms))
        return LogBatch.of(work.registrations(done.decided_requests, done.changes))

    def drawn(self, changes: Sequence[Outcome]) -> LogBatch:
        """Makes the entries of tickets that have had their turn in the draw."""
        of_ticket = _Work(self).commitment
        return LogBatch.of([entries.drawn(outcome, of_ticket(outcome)) for outcome in changes])


class _Work:
    """One batch."""

    __slots__ = ("_digest", "_event_id", "_ticket_id")

    def __init__(self, maker: EntryMaker) -> None:
        self._event_id = maker.event_id
        self._ticket_id = tickets().id_maker(maker.event_id)
        self._digest = Digest(maker.mailbox_key, _MAILBOX_BYTES) if maker.mailbox_key else None

    def in_order(self, done: Allocation, refused: Sequence[tuple[Request, Outcome]], now_ms: int) -> Sequence[bytes]:
        decided = list(self._decided(done, now_ms))
        if refused:
            # After a loss in the queue a command's sequence may be lower than those before it: its turn is what counts.
            turns = accumulate((sequence for sequence, _ in decided), max)
            decided = [(turn, entry) for turn, (_, entry) in zip(turns, decided, strict=True)]
            decided += [(request.sequence, self.registration(request, outcome)) for request, outcome in refused]
            decided.sort(key=lambda pair: pair[0])
        return [entry for _, entry in decided]

    def _decided(self, done: Allocation, now_ms: int) -> Iterator[tuple[int, bytes]]:
        """Yields the entries with the sequence of the command that made each."""
        requests, corrections, at = iter(done.decided_requests), iter(done.corrections), 0
        for step in (*done.steps, None):
            behind = len(done.changes) if step is None else step.first
            for outcome in done.changes[at:behind]:
                request = next(requests)
                yield request.sequence, self.registration(request, outcome)
            if step is not None:
                made = self._step(step, done.changes[step.first : step.behind], corrections, now_ms)
                yield from ((step.command.sequence, entry) for entry in made)
                at = step.behind

    def _step(
        self, step: Step, changes: Sequence[Outcome], corrections: Iterator[CorrectionResult], now_ms: int
    ) -> Iterator[bytes]:
        command = step.command
        if isinstance(command, Correction):
            if next(corrections).is_applied and command.email_key is not None:
                yield entries.correction(
                    command, changes[0], self.commitment(changes[0]), self._mailbox(command.email_key)
                )
            return
        if isinstance(command, Resize) and step.sizes is not None:
            yield entries.resize(command, step.sizes, now_ms=now_ms)
        for outcome in changes:
            if isinstance(command, Closing):
                yield entries.closing(command.sequence, outcome, self.commitment(outcome))
            elif not isinstance(command, Request | Drawing):
                yield entries.change(command, _kind(command, outcome), outcome, self.commitment(outcome))

    def registrations(self, requests: Sequence[Request], outcomes: Sequence[Outcome]) -> list[bytes]:
        """Makes the entries of many, one part of all of them at a time: in two thirds of the time."""
        ids = tickets().ids_of(self._event_id, [one.key for one in requests], [one.mark for one in requests])
        mailboxes = self._mailboxes([one.email_key for one in requests])
        return list(map(entries.registration, requests, outcomes, map(commitment, ids), mailboxes))

    def _mailboxes(self, email_keys: Iterable[str]) -> Iterable[bytes]:
        return self._digest.bytes_of_all(map(str.encode, email_keys)) if self._digest else repeat(_NO_MAILBOX)

    def _mailbox(self, email_key: str) -> bytes:
        return self._digest.bytes_of(email_key) if self._digest else _NO_MAILBOX

    def registration(self, request: Request, outcome: Outcome) -> bytes:
        ticket = commitment(self._ticket_id(request.key, request.mark))
        return entries.registration(request, outcome, ticket, self._mailbox(request.email_key))

    def commitment(self, outcome: Outcome) -> bytes:
        return commitment(self._ticket_id(outcome.key, outcome.mark))


def _kind(command: object, outcome: Outcome) -> Kind:
    found = _KINDS.get(outcome.status)
    if found is not None:
        return found
    return Kind.CONFIRMATION if isinstance(command, Confirmation) else Kind.PROMOTION
