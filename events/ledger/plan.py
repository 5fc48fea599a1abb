"""What a batch is going to write: its decisions and their rows, made without the database.

A plan depends on nothing but its arguments, so it can be made before the event's row is locked, while the database
works on the batch before. It holds if the row then says what was expected (`events.ledger.commit`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from events.domain.allocation import Allocation, LedgerView, Seats
from events.domain.allocator import allocate
from events.domain.commands import Command, Correction, Request
from events.domain.corrections import corrected_request
from events.domain.outcome import Outcome, first_outcome
from events.domain.states import Reason, Status
from events.domain.times import to_ms
from events.ledger.decision_log.entry_maker import NO_ENTRIES, EntryMaker, LogBatch
from events.ledger.records import MoveRecord, RegistrationRecord
from events.ledger.rows import move_record, registration_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A batch, decided at `now`.

    Attributes:
        commands: what it decides; `invalid` counts the entries that are rejected since they cannot be read.
        seats: the event's counters before it; `allocation` has those after it.
        changes: every change of status, in order; `outcomes` has the newest of each ticket.
        moves: rows that get a later status; `records` are new rows.
        corrections: of guests whose rows exist; new rows are corrected as they are written.
        last_sequence: the highest that is handled, 0 if there is none.
        unfinished: the key of a command that is only partly applied.
        maker: what made the entries of the event's decision log, the `log_batch`; None for an event without one.
        packed: messages about the `changes` as the event log has them, if there was time to pack them.
    """

    commands: Sequence[Command]
    seats: Seats
    now: datetime
    allocation: Allocation
    changes: Sequence[Outcome]
    outcomes: Sequence[Outcome]
    moves: Sequence[MoveRecord]
    records: Sequence[RegistrationRecord]
    corrections: Sequence[Correction]
    invalid: int
    last_sequence: int
    unfinished: str | None
    maker: EntryMaker | None
    log_batch: LogBatch
    packed: bytes | None = None


def make_plan(
    *,
    seats: Seats,
    commands: Sequence[Command],
    ledger: LedgerView,
    poisoned: Sequence[Request] = (),
    now: datetime,
    queue_ms: int = 0,
    maker: EntryMaker | None = None,
) -> Plan:
    """Decides `commands` and rejects `poisoned` entries. `ledger` is what the ledger has about them; `queue_ms` is the
    queue's clock, which holds need; `maker` makes the entries of the event's decision log, if it has one."""
    done = allocate(seats=seats, commands=commands, ledger=ledger, now_ms=to_ms(now), queue_ms=queue_ms)
    stopped_at = commands[done.handled] if done.handled < len(commands) else None
    refused = _refused(poisoned, stopped_at, now)
    changes = [*done.changes, *(outcome for _, outcome in refused)]
    last = latest(changes)
    new = {request.key for request in done.decided_requests}
    applied = [result.correction for result in done.corrections if result.is_applied]
    return Plan(
        commands=commands,
        seats=seats,
        now=now,
        allocation=done,
        changes=changes,
        outcomes=list(last.values()),
        moves=[move_record(found) for found in last.values() if found.revision > 1 and found.key not in new],
        records=_records(done, applied, last, refused),
        corrections=[one for one in applied if one.ticket not in new],
        invalid=len(refused),
        last_sequence=_last_sequence(commands[: done.handled], refused),
        unfinished=stopped_at.key if stopped_at else None,
        maker=maker,
        log_batch=maker.batch(done, refused, now_ms=to_ms(now)) if maker else NO_ENTRIES,
    )


def _refused(poisoned: Sequence[Request], stopped_at: Command | None, now: datetime) -> list[tuple[Request, Outcome]]:
    """Rejects the entries that cannot be read. What is behind `stopped_at` stays in the queue."""
    if stopped_at:
        poisoned = [request for request in poisoned if request.sequence < stopped_at.sequence]
    return [(request, invalid(request, now)) for request in poisoned]


def _last_sequence(handled: Sequence[Command], refused: Sequence[tuple[Request, Outcome]]) -> int:
    sequences = [command.sequence for command in (*handled, *(request for request, _ in refused))]
    return max(sequences, default=0)


def _records(
    done: Allocation,
    corrections: Sequence[Correction],
    last: Mapping[str, Outcome],
    refused: Sequence[tuple[Request, Outcome]],
) -> list[RegistrationRecord]:
    """Makes the new rows."""
    requests = _corrected(done.decided_requests, corrections) if corrections else done.decided_requests
    decided = [*((request, last[request.key]) for request in requests), *refused]
    return [registration_record(request, outcome) for request, outcome in decided]


def _corrected(requests: Iterable[Request], corrections: Iterable[Correction]) -> list[Request]:
    by_key = {request.key: request for request in requests}
    for correction in corrections:
        if correction.ticket in by_key:
            by_key[correction.ticket] = corrected_request(by_key[correction.ticket], correction)
    return list(by_key.values())


def invalid(request: Request, now: datetime) -> Outcome:
    """Returns the outcome of an entry that cannot be read or stored: rejected as invalid."""
    return first_outcome(request, Status.REJECTED, Reason.INVALID, decided_ms=to_ms(now))


def latest(outcomes: Iterable[Outcome]) -> dict[str, Outcome]:
    """Returns the newest outcome of each ticket, by revision; of two with one revision, the later in the list."""
    last: dict[str, Outcome] = {}
    for outcome in outcomes:
        known = last.get(outcome.key)
        if known is None or outcome.revision >= known.revision:
            last[outcome.key] = outcome
    return last
