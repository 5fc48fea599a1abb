"""What happened to an event in the last hour, in steps, as `lua/history.lua` notes it with each batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import redis

from events.admission import keys as k
from events.domain.outcome import Outcome
from events.domain.snapshot import EventSnapshot
from events.domain.states import Status

STEP_SECONDS = 10
SPAN_SECONDS = 3600


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """`STEP_SECONDS` in which something was decided.

    Attributes:
        admitted: entries of the queue that were taken in up to the step's last batch, and after the batch before it.
        queued, confirmed, waitlisted: of the event after that batch; seats count, and entries of the queue.
        decided: how many tickets got which status or, if they were rejected, for which reason.
    """

    admitted: int
    queued: int
    confirmed: int
    waitlisted: int
    decided: dict[str, int] = {}


_decode = msgspec.json.Decoder(Step, strict=False).decode


def sum_up(event: EventSnapshot, outcomes: Sequence[Outcome]) -> tuple[int, int, Mapping[str, int]]:
    """Sums a batch up: the event's counters after it, and how many tickets got which outcome."""
    # As plain strings: hashing a member of an enumeration calls Python code.
    decided = Counter(str((one.status is Status.REJECTED and one.reason) or one.status) for one in outcomes)
    return event.confirmed_count, event.waitlisted_count, decided


def last_steps(client: redis.Redis, event_id: int) -> list[tuple[int, Step]]:
    """Reads the steps of the last hour by Redis's clock, the oldest first, each with the second in which it began.

    Raises redis.exceptions.RedisError.
    """
    pipe = client.pipeline(transaction=False)
    for name in k.event_keys(event_id).history:
        pipe.hgetall(name)
    pipe.time()
    *hours, (seconds, _) = pipe.execute()
    found: list[tuple[int, Step]] = []
    for hour in hours:
        found += _steps(hour, since=seconds - SPAN_SECONDS)
    return sorted(found, key=lambda step: step[0])


def _steps(hour: Mapping[bytes, Any], *, since: int) -> list[tuple[int, Step]]:
    return [(int(begins), _decode(text)) for begins, text in hour.items() if int(begins) > since]
