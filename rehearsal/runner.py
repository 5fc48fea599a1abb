"""Runs a rehearsal: creates the event, sends the crowd, waits for the last decision, collects the observations."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from rehearsal.figures import Figures, measure
from rehearsal.inbox import Inbox, open_inbox
from rehearsal.options import CODES, Options
from rehearsal.organizer import Organizer
from rehearsal.process import Command, Processes
from rehearsal.proofs import Proof, prove
from rehearsal.receipts import judge_receipts, keep_receipts
from rehearsal.records import EventCounts, Observation, Tally, Workload, WorkloadResult

LOOK_SECONDS = 0.25
READ_SECONDS = 0.2
# The queue is trimmed just after the decisions are published, so the last counts may lag behind for a moment.
SETTLE_SECONDS = 10.0
SETTLE_PAUSE = 0.2

# Called with the progress of the crowd, and the number of seats taken when last read.
Progress = Callable[[Tally, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures and proofs of a rehearsal."""

    event_id: int
    figures: Figures
    proofs: list[Proof]


def rehearse(*, options: Options, progress: Progress) -> Outcome:
    """Runs one rehearsal, from the first call to the last proof. Calls `progress` several times a second.

    Raises:
        Unusable: the service, the token or its responses cannot be used; the message is one line for the user.
        CrowdFailed: a process of the crowd ended early.
    """
    with Organizer(url=options.url, token=options.token, patience=options.patience) as organizer:
        event_id, types = organizer.create_event(
            name=f"Rehearsal of {datetime.now(UTC):%Y-%m-%d %H:%M}, {options.people} people",
            seats=options.seats,
            waitlist=options.waitlist,
            lasts=timedelta(seconds=options.time_limit, days=1),
            types=options.types,
            most=options.groups[1],
            codes=options.codes,
            hold=options.hold,
        )
        codes = organizer.make_codes(event_id, count=CODES, uses=options.uses_of_a_code) if options.codes else []
        samples: list[EventCounts] = []
        told: AbstractContextManager[Inbox | None] = nullcontext()
        if options.webhooks:
            told = open_inbox(organizer, event_id)
        with (
            told as inbox,
            Processes(
                workloads(options, event_id=event_id, run=os.urandom(6).hex(), type_ids=list(types), codes=codes)
            ) as crowd,
        ):
            look, quiet = partial(organizer.try_counts, event_id), partial(_is_quiet, organizer, event_id, options)
            _watch(crowd, options, progress, samples, look, quiet)
            seen = _gather(organizer, event_id, options, crowd.results(), samples)
            made = organizer.codes(event_id) if codes else []
            seen = msgspec.structs.replace(seen, types=types, codes=made, hold=options.hold)
            if inbox is not None:
                decided = {(ticket.ticket_id, ticket.status) for ticket in seen.tickets}
                messages = inbox.wait_for(decided, patience=options.patience)
                seen = msgspec.structs.replace(seen, messages=messages)
            if options.receipts_file is not None:
                keep_receipts(options.receipts_file, seen.results)
                judged = judge_receipts(options.url, event_id, options.receipts_file)
                seen = msgspec.structs.replace(seen, receipts=judged)
            figures = measure(seen=seen, tally=crowd.tally())
    return Outcome(event_id, figures, prove(seen))


def workloads(
    options: Options, *, event_id: int, run: str, type_ids: Sequence[int] = (), codes: Sequence[str] = ()
) -> list[Workload]:
    """Divides the crowd among the processes, and connections and rate evenly with it."""
    return [
        Workload(
            url=options.url,
            token=options.token,
            event_id=event_id,
            run=run,
            people=options.people,
            duplicates=options.duplicates,
            index=index,
            processes=options.processes,
            connections=len(range(index, options.connections, options.processes)),
            rate=None if options.rate is None else options.rate / options.processes,
            cancel=options.cancel,
            reads_again=options.tickets_may_change,
            type_ids=list(type_ids),
            groups=options.groups,
            codes=list(codes),
            hold=options.hold,
            pay=options.pay,
            receipts=options.receipts_file is not None,
        )
        for index in range(options.processes)
    ]


def _watch(
    crowd: Processes,
    options: Options,
    progress: Progress,
    samples: list[EventCounts],
    look: Callable[[], EventCounts | None],
    quiet: Callable[[], bool],
) -> None:
    """Waits until every process has sent its result. Without progress, or after the time limit, all give up.

    If tickets may change after their decision, all are read again after the last cancellation is decided and the last
    hold has ended. While a hold runs out nothing need happen.
    """
    last, moved_at, looked_at, moving = Tally(), time.monotonic(), 0.0, options.tickets_may_change
    ends_at = moved_at + options.time_limit
    while crowd.read(timeout=READ_SECONDS):
        tally, now = crowd.tally(), time.monotonic()
        progress(tally, samples[-1].confirmed_count if samples else 0)
        if tally.steps != last.steps:
            last, moved_at = tally, now
        if moving and tally.idle == options.processes and quiet():
            crowd.send(Command.ALL_IDLE)
            moving = False
        if now > min(ends_at, moved_at + options.patience + options.hold):
            crowd.send(Command.GIVE_UP)
            # Once is enough: the results come within a second.
            ends_at = moved_at = float("inf")
        if now > looked_at + LOOK_SECONDS:
            samples += filter(None, [look()])
            looked_at = time.monotonic()


def _is_quiet(organizer: Organizer, event_id: int, options: Options) -> bool:
    """Tells whether nothing can change any more: nothing is queued, and then no seat is set aside either."""
    if organizer.stats(event_id).queued:
        return False
    return not options.hold or organizer.counts(event_id).held_count == 0


def _gather(
    organizer: Organizer, event_id: int, options: Options, observed: list[WorkloadResult], samples: list[EventCounts]
) -> Observation:
    until = time.monotonic() + min(SETTLE_SECONDS, options.patience)
    while True:
        counts, stats = organizer.counts(event_id), organizer.stats(event_id)
        if (stats.queued == 0 and counts.confirmed_count == stats.confirmed) or time.monotonic() > until:
            break
        time.sleep(SETTLE_PAUSE)
    return Observation(
        seats=options.seats,
        results=[result for part in observed for result in part.results],
        tickets=[ticket for part in observed for ticket in part.tickets],
        attendees=organizer.attendees(event_id),
        samples=samples,
        counts=counts,
        stats=stats,
        waitlist=options.waitlist,
        cancellations=[cancellation for part in observed for cancellation in part.cancellations],
        confirmations=[confirmation for part in observed for confirmation in part.confirmations],
    )
