"""Plans a batch while the database works on the one before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from django.utils import timezone

from events.domain.all_fit import all_fit
from events.domain.allocation import LedgerView, Seats
from events.domain.commands import Command
from events.domain.holds import AppliesTo
from events.domain.snapshot import EventSnapshot
from events.domain.states import DrawState
from events.domain.times import whole_ms
from events.ledger.decision_log.entry_maker import EntryMaker
from events.ledger.plan import Plan, make_plan
from events.ledger.webhooks.outbox import pack_changes

_TO_BE_DRAWN = (DrawState.OPEN, DrawState.SEALED)


def draft_batch(
    commands: Sequence[Command],
    *,
    event: EventSnapshot,
    ahead: int,
    queue_now: Callable[[], int] = lambda: 0,
    maker: EntryMaker | None = None,
) -> Plan | None:
    """Makes the plan that `events.ledger.commit` would make of this batch later.

    It expects that the `ahead` registrations in between, which are not in `event` yet, get a seat each. If that is not
    what the row says in the end, `commit_batch` makes a plan of its own. Returns None unless all commands are
    registrations with a seat, of an event without groups and ticket types.
    """
    if event.ticket_types or event.max_quantity > 1 or event.draw_state in _TO_BE_DRAWN:
        return None
    held = event.verify_email or (event.hold is not None and event.hold.applies_to is AppliesTo.ALL)
    seats = Seats(
        capacity=event.max_capacity,
        confirmed=event.confirmed_count + (0 if held else ahead),
        held=event.held_count + (ahead if held else 0),
        held_companions=event.held_companions,
        waitlist_capacity=event.waitlist_capacity,
        waitlisted=event.waitlisted_count,
        cancelled=event.cancelled,
        ends_ms=event.end_ms,
        cancel_until_ms=event.cancel_until_ms,
        hold=event.hold,
        proof_seconds=event.proof_seconds,
        over=event.over,
        drawn=event.draw_state is DrawState.DRAWN,
    )
    if not all_fit(seats, commands):
        return None
    queue_ms = queue_now() if seats.hold or seats.proof_seconds else 0
    now = whole_ms(timezone.now())
    plan = make_plan(seats=seats, commands=commands, ledger=LedgerView(), now=now, queue_ms=queue_ms, maker=maker)
    return replace(plan, packed=pack_changes(plan.changes))
