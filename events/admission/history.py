"""What happened to an event in the last day, in steps, as `lua/history.lua` notes it with each batch.

It is kept in Redis, beside what is published and in the same call: the drain makes no further call and no further
write to disk, Redis' file brings it back after a restart, and workers hold nothing. It is for charts alone. What counts
is in the ledger, and a Redis that was emptied has lost nothing but the curves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import redis

from events.admission import keys as k
from events.domain.outcome import Outcome, by_decision
from events.domain.snapshot import EventSnapshot


class Level(NamedTuple):
    """A ring of `steps` steps of `seconds` each; `letter` begins the names of its fields."""

    letter: str
    seconds: int
    steps: int

    @property
    def span(self) -> int:
        """How many seconds it covers."""
        return self.seconds * self.steps


# The same in `lua/history.lua`.
LEVELS = (Level("a", 10, 360), Level("b", 60, 360), Level("c", 600, 144))
_OPEN = "open"
LONGEST_HOURS = LEVELS[-1].span // 3600


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Some seconds in which something was decided.

    Attributes:
        at: the second in which it began, by Redis's clock.
        admitted: entries of the queue that were taken in up to the step's last batch, and after the batch before it.
        queued, confirmed, held, waitlisted: of the event after that batch; seats count, and entries of the queue.
        decided: how many tickets got which status or, if they were rejected, for which reason.
        types: of each ticket type, by its id, the seats that are taken and those waited for.
    """

    at: int
    admitted: int
    queued: int
    confirmed: int
    held: int
    waitlisted: int
    decided: dict[str, int] = {}
    types: dict[int, tuple[int, int]] = {}


class Happened(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """What a batch has led to: the event's counters after it, and how many tickets got which outcome."""

    confirmed: int
    held: int
    waitlisted: int
    decided: Mapping[str, int]
    types: Mapping[str, tuple[int, int]] | None


_decode = msgspec.json.Decoder(Step, strict=False).decode


def sum_up(event: EventSnapshot, outcomes: Sequence[Outcome]) -> Happened:
    """Sums a batch up."""
    decided = {decision: len(found) for decision, found in by_decision(outcomes).items()}
    lines = event.ticket_types
    types = {str(one.id): (one.confirmed_count + one.held_count, one.waitlisted_count) for one in lines} or None
    return Happened(event.confirmed_count, event.held_count, event.waitlisted_count, decided, types)


def level_of(hours: int) -> Level:
    """Returns the finest level that covers so many hours."""
    return next(level for level in LEVELS if level.span >= hours * 3600)


def last_steps(client: redis.Redis, event_id: int, *, hours: int = 1) -> list[Step]:
    """Reads the steps of the last hours by Redis's clock, the oldest first, at the finest level that has them.

    Raises redis.exceptions.RedisError.
    """
    level = level_of(hours)
    history = k.event_keys(event_id).history
    pipe = client.pipeline(transaction=False)
    pipe.hmget(history, [f"{level.letter}{place}" for place in range(level.steps)])
    pipe.hget(history, _OPEN)
    pipe.time()
    texts, place, (seconds, _) = pipe.execute()
    steps = {step.at: step for step in map(_decode, filter(None, texts))}
    if place and level is not LEVELS[0]:
        _add_open(steps, client.hget(history, place), level)
    return [step for at, step in sorted(steps.items()) if at > seconds - hours * 3600]


def _add_open(steps: dict[int, Step], text: Any, level: Level) -> None:
    """Adds the last step of the finest level to that of a coarser level, which does not have it yet.

    One that is closed between the two reads is as it was: nothing is added to it any more.
    """
    last: Step = _decode(text)
    at = last.at - last.at % level.seconds
    before = steps.get(at)
    admitted, decided = (before.admitted, before.decided) if before else (0, {})
    decided = dict(Counter(decided) + Counter(last.decided))
    steps[at] = msgspec.structs.replace(last, at=at, admitted=admitted + last.admitted, decided=decided)
