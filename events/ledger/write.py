"""Writes a plan: registrations, counters, results of resizes, and webhook messages.

Inside the caller's transaction, under the event's row lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.utils import timezone

from events.domain.allocation import Allocation, Sizing
from events.domain.codes import AccessCode
from events.domain.outcome import Outcome
from events.domain.seats import left
from events.domain.snapshot import EventSnapshot
from events.domain.states import Reason
from events.domain.times import to_ms, whole_ms
from events.domain.webhooks.message import MessageType
from events.ledger.code_uses import count_uses
from events.ledger.corrections import Freed, as_messages, combined, freed_by, record_corrections, write_corrections
from events.ledger.counters import save_types, set_counters
from events.ledger.database import database
from events.ledger.decision_log.append import OpenLog, append
from events.ledger.decision_log.entry_maker import EntryMaker
from events.ledger.mail.outbox import write_mails
from events.ledger.plan import Plan, latest
from events.ledger.queries import event_snapshot
from events.ledger.webhooks.about_events import write_event_message
from events.ledger.webhooks.outbox import write_messages
from events.models import Event, SizeChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The result of a batch.

    Attributes:
        event: its row after the batch; `decided_ms` is the time of the last batch that changed anything.
        outcomes: the current outcome of every ticket of the batch, each once.
        decided: how many status changes this batch made.
        rewound: sequences were given out a second time, and were replaced: Redis has lost entries.
        unfinished: the key of a command that is only partly applied; it and all commands after it stay in the queue.
        messages: how many webhook messages were written.
        freed: digests of e-mails that corrected tickets no longer hold, by ticket.
        codes: access codes that changed, as they are now.
        maker: makes the entries of the event's decision log, if it has one.
    """

    event: EventSnapshot
    outcomes: Sequence[Outcome] = ()
    decided: int = 0
    rewound: bool = False
    unfinished: str | None = None
    messages: int = 0
    freed: Freed = field(default_factory=dict)
    codes: Sequence[AccessCode] = ()
    maker: EntryMaker | None = None

    def with_earlier(self, outcomes: Sequence[Outcome], freed: Freed | None = None) -> Committed:
        """Adds outcomes of earlier batches, where this one has no newer outcome of the ticket."""
        if not outcomes:
            return self
        both = combined([freed, self.freed]) if freed else self.freed
        return replace(self, outcomes=list(latest([*outcomes, *self.outcomes]).values()), freed=both)

    @classmethod
    def merged(cls, parts: Sequence[Committed]) -> Committed:
        """Makes one result of several, given in the order in which they were committed."""
        return cls(
            event=parts[-1].event,
            outcomes=list(latest(outcome for part in parts for outcome in part.outcomes).values()),
            decided=sum(part.decided for part in parts),
            rewound=any(part.rewound for part in parts),
            unfinished=next((part.unfinished for part in parts if part.unfinished), None),
            messages=sum(part.messages for part in parts),
            freed=combined([part.freed for part in parts]),
            codes=list({code.id: code for part in parts for code in part.codes}.values()),
            maker=parts[-1].maker,
        )


def next_moment(event: Event) -> datetime:
    """Returns now in whole milliseconds, or a millisecond after the event's last decision if the clock is behind it."""
    now = whole_ms(timezone.now())
    return now if event.decided_at is None else max(now, event.decided_at + timedelta(milliseconds=1))


def write(event: Event, plan: Plan, log: OpenLog | None = None) -> Committed:
    """Writes a plan. `event` is the locked row, and `log` its decision log.

    Raises:
        RowsExist: the ledger has one of the new rows already; nothing was written but the plan's moves.
        django.db.DataError, IntegrityError, ValueError: the database refuses. `event` is unchanged in memory, as above.
    """
    if not (plan.changes or plan.allocation.resizes or plan.allocation.corrections):
        return Committed(event=event_snapshot(event), unfinished=plan.unfinished, maker=plan.maker)
    _write_rows(event, plan)
    if log is not None:
        _append_entries(log, event, plan)
    sells_out = not plan.seats.cancelled and left(plan.allocation.seats) <= 0 < left(plan.seats)
    # After the rows: if one is refused, `event` must be unchanged in memory.
    told = _update_event(event, plan)
    _record_resizes(event, plan.allocation, plan.now)
    corrections = plan.allocation.corrections
    record_corrections(event.pk, corrections, now=plan.now)
    corrected = as_messages(event.pk, plan.changes, corrections) if corrections else ()
    told += write_messages(
        event, plan.changes, now=plan.now, sold_out=sells_out, corrected=corrected, packed=plan.packed
    )
    if event.mail:
        write_mails(event, plan.changes, now=plan.now, corrections=corrections)
    return Committed(
        event=event_snapshot(event),
        outcomes=plan.outcomes,
        decided=len(plan.changes),
        unfinished=plan.unfinished,
        messages=told,
        freed=freed_by(corrections),
        maker=plan.maker,
    )


def _write_rows(event: Event, plan: Plan) -> None:
    # Cancellations free e-mails that a new registration of the same batch may take, so they are written first.
    if plan.moves:
        database().move_registrations(event.pk, plan.moves, decided_at=plan.now)
    write_corrections(event.pk, plan.corrections)
    if plan.records:
        database().insert_registrations(event.pk, plan.records, decided_at=plan.now)
    if plan.allocation.code_uses:
        count_uses(event, plan.allocation.code_uses, moment=plan.now)


def _append_entries(log: OpenLog, event: Event, plan: Plan) -> None:
    append(
        log,
        plan.log_batch,
        before=plan.seats,
        after=plan.allocation.seats,
        last_sequence=max(event.last_sequence, plan.last_sequence),
        now_ms=to_ms(plan.now),
    )


def _update_event(event: Event, plan: Plan) -> int:
    """Returns how many messages about a change of the event itself were written."""
    done = plan.allocation
    applied = [resize for resize, verdict in done.resizes if verdict is Sizing.APPLIED]
    set_counters(event, done.seats)
    if done.seats.types:
        typed = [resize for resize in applied if resize.types]
        save_types(event, done.seats, typed[-1].types if typed else ())
    event.cancelled_count += done.cancelled
    event.expired_count += done.expired
    rejected = {**done.rejected, Reason.INVALID: plan.invalid} if plan.invalid else done.rejected
    for reason, number in rejected.items():
        event.rejected_counts[reason.value] = event.rejected_counts.get(reason.value, 0) + number
    event.last_sequence = max(event.last_sequence, plan.last_sequence)
    event.decided_at = plan.now
    event.version += 1
    database().save_counters(event)
    # A guest beyond the capacity grows it, too.
    if applied or done.seats.capacity != plan.seats.capacity:
        return _note_change(event, plan.now)
    return 0


def _note_change(event: Event, now: datetime) -> int:
    event.revision, event.changed_at = event.revision + 1, now
    event.save(update_fields=["revision", "changed_at"])
    return write_event_message(event, MessageType.EVENT_CHANGED, now=now)


def _record_resizes(event: Event, done: Allocation, now: datetime) -> None:
    SizeChange.objects.bulk_create(
        SizeChange(
            event=event,
            key=resize.key,
            sequence=resize.sequence,
            max_capacity=resize.max_capacity,
            waitlist_capacity=resize.waitlist_capacity,
            verdict=verdict.value,
            confirmed_count=event.confirmed_count + event.held_count,
            waitlisted_count=event.waitlisted_count,
            decided_at=now,
        )
        for resize, verdict in done.resizes
    )
