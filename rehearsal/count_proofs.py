"""Proofs about what the service counts itself. Each yields contradictions."""

from __future__ import annotations

from collections.abc import Iterator

from rehearsal.evidence import Evidence, seats_of
from rehearsal.group_proofs import seats_left
from rehearsal.records import Sizes


def never_oversold(evidence: Evidence) -> Iterator[str]:
    """At no time that we looked were more seats or waitlist positions taken than there are."""
    for sample in [*evidence.seen.samples, evidence.seen.counts]:
        for found in sample.ticket_types:
            sizes = evidence.seen.types.get(found.id, Sizes(0, 0))
            if found.confirmed_count + found.held_count > sizes.seats or found.waitlisted_count > sizes.waitlist:
                yield f"type {found.id}: {found.confirmed_count} confirmed, {found.waitlisted_count} waited for"
    for sample in [*evidence.seen.samples, evidence.seen.counts]:
        if sample.waitlisted_count > evidence.seen.waitlist:
            yield f"{sample.waitlisted_count} wait on a waitlist of {evidence.seen.waitlist}"
        if sample.confirmed_count + sample.held_count > evidence.seen.seats or sample.seats_left < 0:
            yield f"{sample.confirmed_count} confirmed of {evidence.seen.seats} seats"


def counts_agree(evidence: Evidence) -> Iterator[str]:
    """The event's and the organizer's counts are those of the tickets, and nothing is left in the queue."""
    counts, stats, confirmed = evidence.seen.counts, evidence.seen.stats, seats_of(evidence.confirmed.values())
    waited_for = seats_of(evidence.waitlisted.values())
    pairs = [
        ("event max_capacity", counts.max_capacity, evidence.seen.seats),
        ("event confirmed_count", counts.confirmed_count, confirmed),
        ("event seats_left", counts.seats_left, sum(map(seats_left, evidence.lines))),
        ("event held_count", counts.held_count, seats_of(evidence.held.values())),
        ("stats queued", stats.queued, 0),
        ("stats confirmed", stats.confirmed, confirmed),
        ("event waitlisted_count", counts.waitlisted_count, waited_for),
        ("stats waitlisted", stats.waitlisted, waited_for),
        ("stats cancelled", stats.cancelled, len(evidence.cancelled)),
    ]
    pairs += [
        (f"stats rejected {reason}", stats.rejected.get(reason, 0), evidence.rejected[reason])
        for reason in sorted(stats.rejected.keys() | evidence.rejected.keys())
    ]
    for name, said, expected in pairs:
        if said != expected:
            yield f"{name} is {said}, {expected} expected"
