"""Holds a draw, a step in each transaction: seal, reveal, find the order, give the seats in it.

    seal     no entry is added any more; the log's root is written down
    reveal   the secret, and the round that was waited for: the seed
    rank     each entry's place, some thousands at a time
    give     the next entries in order get what is left for them, some hundreds at a time

The command stays in the queue until all are done, so nothing of the event is decided in between. How far it is stands
in the draw's row, written in the same transaction: after a crash the next drain goes on with the next step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from events.domain.allocation import MOVES_AT_ONCE, DecidedTicket
from events.domain.beacon import randomness
from events.domain.commands import Closing, Command, Drawing, Request
from events.domain.decision_log import entries
from events.domain.decision_log.entries import commitment
from events.domain.draw import give, rank_of, seed_of
from events.domain.seats import Seats
from events.domain.states import DrawState, Status
from events.domain.times import to_ms
from events.ledger.batch_context import Digest, with_digest
from events.ledger.counters import seats_of
from events.ledger.decision_log.append import OpenLog, append, prelude
from events.ledger.decision_log.entry_maker import NO_ENTRIES, LogBatch
from events.ledger.decision_log.read import revealed_ms
from events.ledger.plan import Plan, latest
from events.ledger.queries import event_snapshot
from events.ledger.rows import move_record
from events.ledger.tickets import known_tickets
from events.ledger.write import Committed, next_moment, write
from events.models import Draw, DrawRank, Event, Registration
from events.secrets import tickets

# Entries whose places are found in one transaction: about 0.1 s.
RANKED_AT_ONCE = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """One step of a draw."""

    event: Event
    draw: Draw
    command: Drawing
    log: OpenLog | None
    now: datetime
    digest: Digest
    queue_now: Callable[[], int]

    def take(self) -> Committed:
        """Takes the next step. The command is reported as unfinished each time, until the draw has been held."""
        if not self.draw.sealed_at:
            return self._seal()
        if not self.draw.seed:
            return self._reveal()
        return self._give() if self.draw.ranked else self._rank()

    def _seal(self) -> Committed:
        draw = self.draw
        draw.sealed_at = self.now
        if self.log is not None:
            # Terms that have changed are an entry in front of the seal.
            terms = prelude(self.log, seats_of(self.event), to_ms(self.now))
            tree, _ = self.log.tree.append(LogBatch.of(terms).leaves)
            draw.sealed_size, draw.sealed_root = tree.size, tree.root
        draw.save()
        return self._log(entries.seal(self.command, bytes(draw.sealed_root), now_ms=to_ms(self.now)), DrawState.SEALED)

    def _reveal(self) -> Committed:
        draw, secret, signature = self.draw, bytes(self.draw.secret), self.command.signature
        draw.signature = signature
        draw.seed = seed_of(secret, randomness(signature) if signature else bytes(draw.sealed_root))
        draw.save()
        return self._log(entries.reveal(self.command, secret, signature, now_ms=to_ms(self.now)), DrawState.SEALED)

    def _log(self, entry: bytes, state: DrawState) -> Committed:
        """Writes an entry that changes no ticket."""
        event, seats = self.event, seats_of(self.event)
        event.draw_state, event.decided_at = state.value, self.now
        event.last_sequence, event.version = max(event.last_sequence, self.command.sequence), event.version + 1
        event.save(update_fields=["draw_state", "decided_at", "last_sequence", "version"])
        if self.log is not None:
            made = LogBatch.of([entry])
            last, now_ms = event.last_sequence, to_ms(self.now)
            append(self.log, made, before=seats, after=seats, last_sequence=last, now_ms=now_ms)
        return self._unfinished()

    def _unfinished(self) -> Committed:
        maker = self.log.maker if self.log else None
        return Committed(event=event_snapshot(self.event), unfinished=self.command.key, maker=maker)

    def _rank(self) -> Committed:
        draw = self.draw
        rows = Registration.objects.filter(event_id=draw.pk, status=Status.ENTERED.value, pk__gt=draw.ranked_through)
        found = list(rows.order_by("pk").values_list("pk", "ticket_key", "mark")[:RANKED_AT_ONCE])
        ticket_id, seed = tickets().id_maker(draw.pk), bytes(draw.seed)
        DrawRank.objects.bulk_create(
            DrawRank(draw=draw, rank=rank_of(seed, commitment(ticket_id(key, mark))), ticket_key=key)
            for _, key, mark in found
        )
        draw.ranked = len(found) < RANKED_AT_ONCE
        draw.ranked_through = found[-1][0] if found else draw.ranked_through
        draw.save()
        return self._unfinished()

    def _give(self) -> Committed:
        draw = self.draw
        ranks = DrawRank.objects.filter(draw=draw, rank__gt=bytes(draw.drawn_through)).order_by("rank")
        found = list(ranks.values_list("rank", "ticket_key")[:MOVES_AT_ONCE])
        known = known_tickets(draw.pk, [key for _, key in found])
        plan = self._plan([with_digest(known[key], self.digest) for _, key in found])
        if len(found) < MOVES_AT_ONCE:
            draw.drawn_at = self.now
            self.event.draw_state = DrawState.DRAWN.value
            self.event.version += 1
            self.event.save(update_fields=["draw_state", "version"])
        if found:
            draw.drawn_count, draw.drawn_through = draw.drawn_count + len(found), bytes(found[-1][0])
            DrawRank.objects.filter(draw=draw, rank__lte=draw.drawn_through).delete()
        draw.save()
        return write(self.event, plan, self.log)

    def _plan(self, turn: Sequence[DecidedTicket]) -> Plan:
        seats = seats_of(self.event)
        done = give(
            seats=seats,
            entries=turn,
            drawn=self.draw.drawn_count,
            requested_ms=self._revealed_ms(),
            now_ms=to_ms(self.now),
            queue_ms=self.queue_now() if seats.hold else 0,
        )
        maker = self.log.maker if self.log else None
        return Plan(
            commands=(self.command,),
            seats=seats,
            now=self.now,
            allocation=done,
            changes=done.changes,
            outcomes=list(latest(done.changes).values()),
            moves=[move_record(outcome) for outcome in done.changes],
            records=(),
            corrections=(),
            invalid=0,
            last_sequence=self.command.sequence,
            unfinished=self.command.key,
            maker=maker,
            log_batch=maker.drawn(done.changes) if maker else NO_ENTRIES,
        )

    def _revealed_ms(self) -> int:
        """Returns the time by which all turns are judged: that of the reveal, as the command at hand may be a later one
        after a crash. Of a log that was taken out by hand the seal's is left."""
        found = revealed_ms(self.event.pk, self.draw.sealed_size) if self.log else None
        assert self.draw.sealed_at is not None, "the seal comes first"
        return to_ms(self.draw.sealed_at) if found is None else found


class NextDraw(NamedTuple):
    """A command that has a step of the draw to take, and what stands in front of it."""

    command: Drawing
    commands: Sequence[Command]
    poisoned: Sequence[Request]


def next_draw(event: Event, commands: Sequence[Command], poisoned: Sequence[Request]) -> NextDraw | None:
    """Finds the first of a batch's commands that has a step of the locked event's draw to take, as the draw is now."""
    seats = seats_of(event)
    if seats.cancelled or seats.draw_ms is None:
        return None
    if (commands or poisoned) and seats.sealed and Draw.objects.get(pk=event.pk).seed:
        return NextDraw(_standing_first(event, (*commands, *poisoned)), (), ())
    for number, command in enumerate(commands):
        if isinstance(command, Drawing) and _is_due(event, seats, command):
            before = [request for request in poisoned if request.sequence < command.sequence]
            return NextDraw(command, commands[:number], before)
    return None


def _standing_first(event: Event, commands: Sequence[Command | Request]) -> Drawing:
    """Returns what a draw whose order is known goes on with: the first of the batch, which stays in the queue.

    It need not be the draw's command. Where the queue has lost that, others may stand in front of the one that was put
    there again, and an entry that they take back now could have had its seat already.
    """
    first = min(commands, key=lambda command: command.sequence)
    if isinstance(first, Drawing):
        return first
    requested_ms = 0 if isinstance(first, Closing) else first.requested_ms
    return Drawing(first.key, event.last_sequence, requested_ms)


def _is_due(event: Event, seats: Seats, command: Drawing) -> bool:
    """Tells whether a command has a step to take. One that comes before its round only seals."""
    if seats.draw_ms is None or command.requested_ms < seats.draw_ms:
        return False
    if not seats.sealed or command.signature or command.requested_ms >= seats.ends_ms:
        return True
    draw = Draw.objects.get(pk=event.pk)
    return bool(draw.seed) or draw.round is None


def forget_order(event_id: int) -> None:
    """Removes places in the order of a draw that will not go on: as many as a transaction finds, those that are left.

    The end of a cancelled event comes in transactions of fewer entries each, so it leaves none.
    """
    ranks = DrawRank.objects.filter(draw_id=event_id)
    last = ranks.order_by("rank").values_list("rank", flat=True)[RANKED_AT_ONCE - 1 : RANKED_AT_ONCE].first()
    (ranks if last is None else ranks.filter(rank__lte=bytes(last))).delete()


def take_step(
    event: Event, command: Drawing, log: OpenLog | None, *, digest: Digest, queue_now: Callable[[], int]
) -> Committed:
    """Takes the next step of the draw of a locked event."""
    draw = Draw.objects.get(pk=event.pk)
    now = next_moment(event)
    step = _Step(event=event, draw=draw, command=command, log=log, now=now, digest=digest, queue_now=queue_now)
    return step.take()
