"""Observations in, proofs out. Pure: no clock, no network, nothing of the service.

Every proof is one promise of the contract, checked only with what somebody outside can see. A proof that
fails names examples, by sequence or by `<event>-<first 8 characters>` of the ticket: the whole id is the
key to the ticket.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from events.domain.states import Reason, Status
from events.rehearsal.evidence import Evidence, short
from events.rehearsal.records import NO_ANSWER, Observation
from omnify.responses import Code

EXAMPLES = 3

# The last word on a ticket nobody cancelled, of an event without a waitlist.
_RIGHT_ENDS = {
    (Status.CONFIRMED, None),
    (Status.REJECTED, Reason.SOLD_OUT),
    (Status.REJECTED, Reason.DUPLICATE),
}
_RIGHT_REFUSALS = {(409, Code.SOLD_OUT), (409, Code.DUPLICATE_REGISTRATION)}


@dataclass(frozen=True, slots=True)
class Proof:
    """One promise, whether it was kept, and the evidence in a sentence."""

    name: str
    ok: bool
    detail: str


def prove(seen: Observation) -> list[Proof]:
    """All proofs, in the order in which they are worth reading."""
    evidence = Evidence(seen)
    return [_proof(name, check, evidence) for name, check in PROOFS]


def everybody_was_answered(evidence: Evidence) -> Iterator[str]:
    """Every registration ended in a 202 or in a refusal that the contract foresees here."""
    for answer in evidence.seen.answers:
        if not answer.accepted and (answer.status, answer.code) not in _RIGHT_REFUSALS:
            said = "no answer" if answer.status == NO_ANSWER else f"{answer.status} {answer.code}".strip()
            yield f"registration {answer.number}: {said}"


def ticket_ids_are_unique(evidence: Evidence) -> Iterator[str]:
    """No two registrations were given the same ticket."""
    for ticket_id, times in Counter(answer.ticket_id for answer in evidence.accepted).items():
        if times > 1 or not ticket_id:
            yield f"{short(ticket_id)} was given {times} times"


def every_202_ended(evidence: Evidence) -> Iterator[str]:
    """A 202 is a promise: each ends confirmed, or rejected for one of the two reasons there can be."""
    for answer in evidence.accepted:
        ticket = evidence.tickets.get(answer.ticket_id)
        if ticket is None:
            yield f"{short(answer.ticket_id)} was never read"
        elif (ticket.status, ticket.reason) not in _RIGHT_ENDS or ticket.sequence is None:
            end = f"{ticket.status} ({ticket.reason})" if ticket.reason else ticket.status
            yield f"{short(ticket.ticket_id)} is {end}, sequence {ticket.sequence}"


def seats_are_filled_exactly(evidence: Evidence) -> Iterator[str]:
    """Confirmed = the smaller of the seats and the distinct people admitted."""
    people = len({answer.email.casefold() for answer in evidence.accepted})
    expected = min(evidence.seen.seats, people)
    if len(evidence.confirmed) != expected:
        yield f"{len(evidence.confirmed)} confirmed, {expected} expected ({people} people admitted)"


def never_oversold(evidence: Evidence) -> Iterator[str]:
    """At no moment that was looked at were more seats given than there are."""
    for sample in [*evidence.seen.samples, evidence.seen.counts]:
        if sample.confirmed_count > evidence.seen.seats or sample.seats_left < 0:
            yield f"{sample.confirmed_count} confirmed of {evidence.seen.seats} seats"


def first_come_first_seated(evidence: Evidence) -> Iterator[str]:
    """Nobody was turned away as sold out while somebody who came later got a seat."""
    turned_away = [s for _, t, s in evidence.sequenced if t.reason == Reason.SOLD_OUT]
    if turned_away:
        first = min(turned_away)
        for _, ticket, sequence in evidence.sequenced:
            if ticket.status == Status.CONFIRMED and sequence > first:
                yield f"sequence {first} was turned away, sequence {sequence} got a seat"
    if evidence.refused_sold_out:
        refused = min(evidence.refused_sold_out, key=lambda answer: answer.answered_at)
        for answer, ticket, sequence in evidence.sequenced:
            if ticket.status == Status.CONFIRMED and answer.first_sent_at > refused.answered_at:
                yield f"registration {refused.number} was told sold_out, later sequence {sequence} got a seat"


def sequence_follows_arrival(evidence: Evidence) -> Iterator[str]:
    """Sequences are unique, and who asked after another had a 202 in hand stands behind them."""
    for sequence, times in Counter(s for _, _, s in evidence.sequenced).items():
        if times > 1:
            yield f"sequence {sequence} was given {times} times"
    answered = sorted((a.answered_at, s) for a, _, s in evidence.sequenced)
    latest, done = -1, 0
    for sent_at, sequence in sorted((a.first_sent_at, s) for a, _, s in evidence.sequenced):
        while done < len(answered) and answered[done][0] < sent_at:
            latest = max(latest, answered[done][1])
            done += 1
        if sequence < latest:
            yield f"sequence {sequence} asked after sequence {latest} had its 202"


def nobody_has_two_seats(evidence: Evidence) -> Iterator[str]:
    """No e-mail, whatever its case, stands twice in the attendee list."""
    sequences: dict[str, list[int]] = defaultdict(list)
    for attendee in evidence.seen.attendees:
        sequences[attendee.email.casefold()].append(attendee.sequence)
    for several in sequences.values():
        if len(several) > 1:
            yield f"sequences {', '.join(map(str, several))} have one e-mail"


def refusals_were_right(evidence: Evidence) -> Iterator[str]:
    """`sold_out` only when every seat is taken; `duplicate` only of somebody who has a ticket or a seat."""
    full = len(evidence.confirmed) >= evidence.seen.seats
    if not full and evidence.refused_sold_out:
        yield f"{len(evidence.refused_sold_out)} refused as sold out at the door, yet seats are left"
    if not full and evidence.rejected[Reason.SOLD_OUT]:
        yield f"{evidence.rejected[Reason.SOLD_OUT]} rejected as sold out, yet seats are left"
    known = {answer.email.casefold() for answer in evidence.accepted}
    for answer in evidence.seen.answers:
        if answer.code == Code.DUPLICATE_REGISTRATION and answer.email.casefold() not in known:
            yield f"registration {answer.number} was called a duplicate of nothing"
    seated = {a.email.casefold(): s for a, t, s in evidence.sequenced if t.status == Status.CONFIRMED}
    for answer, ticket, sequence in evidence.sequenced:
        if ticket.reason == Reason.DUPLICATE and sequence <= seated.get(answer.email.casefold(), sequence):
            yield f"sequence {sequence} was rejected as a duplicate of no earlier seat"


def attendee_list_is_the_confirmed(evidence: Evidence) -> Iterator[str]:
    """The attendee list and the confirmed tickets are the same, one by one, in order of admission."""
    listed = Counter(attendee.ticket_id for attendee in evidence.seen.attendees)
    for ticket_id in evidence.confirmed.keys() - listed.keys():
        yield f"{short(ticket_id)} is confirmed and not in the list"
    emails = {answer.ticket_id: answer.email.casefold() for answer in evidence.accepted}
    last = -1
    for attendee in evidence.seen.attendees:
        ticket = evidence.confirmed.get(attendee.ticket_id)
        if ticket is None:
            yield f"{short(attendee.ticket_id)} is in the list and not confirmed"
        elif (ticket.sequence, emails.get(ticket.ticket_id)) != (
            attendee.sequence,
            attendee.email.casefold(),
        ):
            yield f"{short(attendee.ticket_id)} has another sequence or e-mail in the list"
        if listed[attendee.ticket_id] > 1:
            yield f"{short(attendee.ticket_id)} is in the list {listed[attendee.ticket_id]} times"
        if attendee.sequence < last:
            yield f"sequence {attendee.sequence} stands behind {last} in the list"
        last = attendee.sequence


def counts_agree(evidence: Evidence) -> Iterator[str]:
    """The event's and the organizer's counts are those of the tickets, and nothing is left in the queue."""
    counts, stats, confirmed = evidence.seen.counts, evidence.seen.stats, len(evidence.confirmed)
    pairs = [
        ("event max_capacity", counts.max_capacity, evidence.seen.seats),
        ("event confirmed_count", counts.confirmed_count, confirmed),
        ("event seats_left", counts.seats_left, evidence.seen.seats - confirmed),
        ("stats queued", stats.queued, 0),
        ("stats confirmed", stats.confirmed, confirmed),
        ("stats waitlisted", stats.waitlisted, 0),
        ("stats cancelled", stats.cancelled, 0),
    ]
    pairs += [
        (f"stats rejected {reason}", stats.rejected.get(reason, 0), evidence.rejected[reason])
        for reason in sorted(stats.rejected.keys() | evidence.rejected.keys())
    ]
    for name, said, expected in pairs:
        if said != expected:
            yield f"{name} is {said}, {expected} expected"


PROOFS: list[tuple[str, Callable[[Evidence], Iterator[str]]]] = [
    ("Everybody was answered", everybody_was_answered),
    ("Every ticket id is unique", ticket_ids_are_unique),
    ("Every 202 ended confirmed or rejected", every_202_ended),
    ("Every seat is filled, none twice", seats_are_filled_exactly),
    ("Never oversold while we looked", never_oversold),
    ("First come, first seated", first_come_first_seated),
    ("The sequence follows arrival", sequence_follows_arrival),
    ("Nobody has two seats", nobody_has_two_seats),
    ("Every refusal was right", refusals_were_right),
    ("The attendee list is the confirmed tickets", attendee_list_is_the_confirmed),
    ("The service's counts agree", counts_agree),
]


def _proof(name: str, check: Callable[[Evidence], Iterator[str]], evidence: Evidence) -> Proof:
    problems = check(evidence)
    examples = list(islice(problems, EXAMPLES))
    if not examples:
        return Proof(name, True, (check.__doc__ or "").strip())
    more = sum(1 for _ in problems)
    return Proof(name, False, "; ".join(examples) + (f"; and {more} more" if more else ""))
