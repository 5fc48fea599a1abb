"""Runs a rehearsal: creates the event, sends the crowd, waits for the last decision, gathers what is to be
proved.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from rehearsal.figures import Figures, measure
from rehearsal.inbox import Inbox, open_inbox
from rehearsal.options import Options
from rehearsal.organizer import Organizer
from rehearsal.process import Processes, Sign
from rehearsal.proofs import Proof, prove
from rehearsal.records import EventCounts, Observation, Part, Share, Tally

LOOK_SECONDS = 0.25
READ_SECONDS = 0.2
# The queue is cleared just after the decisions are published, so the last counts may be a moment behind them.
SETTLE_SECONDS = 10.0
SETTLE_PAUSE = 0.2

# Told how far the crowd is, and how many seats were given when last looked at.
Progress = Callable[[Tally, int], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal measured and proved."""

    event_id: int
    figures: Figures
    proofs: list[Proof]


def rehearse(*, options: Options, progress: Progress) -> Outcome:
    """One rehearsal from the first call to the last proof. `progress` is told several times a second.

    Raises:
        Unusable: the service, the token or its answers cannot be used; the message is one line for people.
        CrowdFailed: a process of the crowd ended early.
    """
    with Organizer(url=options.url, token=options.token, patience=options.patience) as organizer:
        event_id = organizer.create_event(
            name=f"Rehearsal of {datetime.now(UTC):%Y-%m-%d %H:%M}, {options.people} people",
            seats=options.seats,
            waitlist=options.waitlist,
            lasts=timedelta(seconds=options.time_limit, days=1),
        )
        samples: list[EventCounts] = []
        told: AbstractContextManager[Inbox | None] = nullcontext()
        if options.webhooks:
            told = open_inbox(organizer, event_id)
        with told as inbox, Processes(parts(options, event_id=event_id, run=os.urandom(6).hex())) as crowd:
            look, quiet = partial(organizer.glance, event_id), lambda: organizer.stats(event_id).queued == 0
            _watch(crowd, options, progress, samples, look, quiet)
            seen = _gather(organizer, event_id, options, crowd.shares(), samples)
            if inbox is not None:
                decided = {(ticket.ticket_id, ticket.status) for ticket in seen.tickets}
                messages = inbox.wait_for(decided, patience=options.patience)
                seen = msgspec.structs.replace(seen, messages=messages)
            figures = measure(seen=seen, tally=crowd.tally())
    return Outcome(event_id, figures, prove(seen))


def parts(options: Options, *, event_id: int, run: str) -> list[Part]:
    """The crowd in as many parts as processes; connections and rate are shared out evenly."""
    return [
        Part(
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
            looks_again=options.moves,
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
    """Until every process has handed in its share; without progress, or past the limit, all give up.

    Where tickets may still move after their decision, all are read again when the last cancellation is through.
    """
    last, moved_at, looked_at, moving = Tally(), time.monotonic(), 0.0, options.moves
    ends_at = moved_at + options.time_limit
    while crowd.read(timeout=READ_SECONDS):
        tally, now = crowd.tally(), time.monotonic()
        progress(tally, samples[-1].confirmed_count if samples else 0)
        if tally.steps != last.steps:
            last, moved_at = tally, now
        if moving and tally.resting == options.processes and quiet():
            crowd.tell(Sign.ALL_REST)
            moving = False
        if now > min(ends_at, moved_at + options.patience):
            crowd.tell(Sign.GIVE_UP)
            # Once is enough; what is left is to wait for the shares, which come within a second.
            ends_at = moved_at = float("inf")
        if now > looked_at + LOOK_SECONDS:
            samples += filter(None, [look()])
            looked_at = time.monotonic()


def _gather(
    organizer: Organizer, event_id: int, options: Options, shares: list[Share], samples: list[EventCounts]
) -> Observation:
    until = time.monotonic() + min(SETTLE_SECONDS, options.patience)
    while True:
        counts, stats = organizer.counts(event_id), organizer.stats(event_id)
        if (stats.queued == 0 and counts.confirmed_count == stats.confirmed) or time.monotonic() > until:
            break
        time.sleep(SETTLE_PAUSE)
    return Observation(
        seats=options.seats,
        answers=[answer for share in shares for answer in share.answers],
        tickets=[ticket for share in shares for ticket in share.tickets],
        attendees=organizer.attendees(event_id),
        samples=samples,
        counts=counts,
        stats=stats,
        waitlist=options.waitlist,
        returns=[given_back for share in shares for given_back in share.returns],
    )
