"""Observations in, rates and percentiles out. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

from rehearsal.records import ACCEPTED, NO_ANSWER, Observation, Tally


class Spread(msgspec.Struct, frozen=True):
    """Milliseconds that half, and 99 of 100, did not exceed, and the longest."""

    p50: float
    p99: float
    longest: float


class Figures(msgspec.Struct, frozen=True):
    """What a rehearsal measured. `decision` is from 202 to decision, by the service's own clock."""

    registrations: int
    seats: int
    accepted: int
    answered_per_second: float
    accepted_per_second: float
    decided_per_second: float
    accept_ms: Spread | None
    decision_ms: Spread | None
    answers: dict[str, int]
    statuses: dict[str, int]
    given_back: dict[str, int]
    retries: dict[str, int]
    messages: int | None = None
    paid: dict[str, int] = {}


def measure(*, seen: Observation, tally: Tally) -> Figures:
    """Computes the figures of an observation. `tally` adds the tries that had to be repeated."""
    accepted = [result for result in seen.results if result.accepted]
    times = [(t.requested_ms, t.first_decided_ms) for t in seen.tickets]
    decided = [(start, end) for start, end in times if start is not None and end is not None]
    return Figures(
        registrations=len(seen.results),
        seats=seen.seats,
        accepted=len(accepted),
        answered_per_second=_rate((a.first_sent_at, a.answered_at) for a in seen.results if a.status != NO_ANSWER),
        accepted_per_second=_rate((a.first_sent_at, a.answered_at) for a in accepted),
        decided_per_second=_rate((start / 1000, end / 1000) for start, end in decided),
        accept_ms=spread([1000 * result.latency for result in accepted]),
        decision_ms=spread([end - start for start, end in decided]),
        answers=_counted(_said(a.status, a.code) for a in seen.results),
        statuses=_counted(" ".join(filter(None, (t.status, t.reason))) for t in seen.tickets),
        given_back=_counted(_taken(r.status, r.code, r.sequence) for r in seen.cancellations),
        retries=tally.retries,
        paid=_counted(_said(r.status, r.code) for r in seen.confirmations),
        messages=None if seen.messages is None else len(seen.messages),
    )


def spread(values: list[float]) -> Spread | None:
    """Computes nearest-rank percentiles, so each is a value that occurred; None without values."""
    if not values:
        return None
    values = sorted(values)
    p50, p99 = (values[math.ceil(len(values) * share) - 1] for share in (0.50, 0.99))
    return Spread(round(p50, 2), round(p99, 2), round(values[-1], 2))


def _rate(spans: Iterable[tuple[float, float]]) -> float:
    """Returns how many per second, from the first start to the last end; 0 if no time passed."""
    starts_ends = list(spans)
    if not starts_ends:
        return 0.0
    seconds = max(end for _, end in starts_ends) - min(start for start, _ in starts_ends)
    return round(len(starts_ends) / seconds, 1) if seconds > 0 else 0.0


def _counted(words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(words).most_common())


def _taken(status: int, code: str, sequence: int | None) -> str:
    """Tells what a cancellation was told."""
    if status != ACCEPTED:
        return _said(status, code)
    return "nothing to cancel" if sequence is None else "in its turn"


def _said(status: int, code: str) -> str:
    return "no answer" if status == NO_ANSWER else f"{status} {code}".strip()
