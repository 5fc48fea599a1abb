"""Observations in, proofs out. Pure: no clock, no network, nothing of the service.

Every proof is one promise of the contract, checked only with what a client can see. A proof that fails names examples,
by sequence or by `<event>-<first 8 characters>` of the ticket: the whole id gives access to the ticket.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from events.domain.states import Reason, Status
from omnify.common.envelope import Code
from rehearsal.admission_proofs import decisions_follow_admission, first_come_first_seated, sequence_follows_arrival
from rehearsal.code_proofs import codes_are_within_their_uses
from rehearsal.count_proofs import counts_agree, never_oversold
from rehearsal.evidence import Evidence, short
from rehearsal.group_proofs import groups_fit, no_group_is_split
from rehearsal.hold_proofs import every_hold_ended_once, no_one_passed
from rehearsal.receipt_proofs import RECEIPT_PROOFS
from rehearsal.records import NO_ANSWER, Observation, Ticket
from rehearsal.unlikely_proofs import no_seat_was_called_unlikely, share_of_unlikely
from rehearsal.waitlist_proofs import cancellations_took_effect, no_status_ran_backwards, waitlist_is_in_order
from rehearsal.webhook_proofs import WEBHOOK_PROOFS

EXAMPLES = 3

# How a ticket may end without waitlist and cancellation.
_RIGHT_ENDS = {
    (Status.CONFIRMED, None),
    (Status.REJECTED, Reason.SOLD_OUT),
    (Status.REJECTED, Reason.DUPLICATE),
}
_RIGHT_REFUSALS = {(409, Code.SOLD_OUT), (409, Code.DUPLICATE_REGISTRATION)}
_REFUSALS_OF_CODES = {(403, Code.CODE_INVALID)}


@dataclass(frozen=True, slots=True)
class Proof:
    """One promise, whether it was kept, and the evidence in a sentence."""

    name: str
    ok: bool
    detail: str


def prove(seen: Observation) -> list[Proof]:
    """Returns all proofs, the most important first."""
    evidence = Evidence(seen)
    checks = [*PROOFS, *(WEBHOOK_PROOFS if seen.messages is not None else [])]
    checks += RECEIPT_PROOFS if seen.receipts is not None else []
    return [_proof(name, check, evidence) for name, check in checks]


def every_registration_was_answered(evidence: Evidence) -> Iterator[str]:
    """Every registration ended in a 202 or in a refusal that the contract allows here."""
    right = _RIGHT_REFUSALS | _REFUSALS_OF_CODES if evidence.seen.codes else _RIGHT_REFUSALS
    for result in evidence.seen.results:
        if not result.accepted and (result.status, result.code) not in right:
            said = "no answer" if result.status == NO_ANSWER else f"{result.status} {result.code}".strip()
            yield f"registration {result.number}: {said}"


def ticket_ids_are_unique(evidence: Evidence) -> Iterator[str]:
    """No two registrations were given the same ticket."""
    for ticket_id, times in Counter(result.ticket_id for result in evidence.accepted).items():
        if times > 1 or not ticket_id:
            yield f"{short(ticket_id)} was given {times} times"


def every_202_ended(evidence: Evidence) -> Iterator[str]:
    """Each 202 ended confirmed, waitlisted, cancelled by its holder, run out, or rejected for one of two reasons."""
    for result in evidence.accepted:
        ticket = evidence.tickets.get(result.ticket_id)
        if ticket is None:
            yield f"{short(result.ticket_id)} was never read"
        elif ticket.sequence is None or not _may_end_so(evidence, ticket):
            end = f"{ticket.status} ({ticket.reason})" if ticket.reason else ticket.status
            yield f"{short(ticket.ticket_id)} is {end}, sequence {ticket.sequence}"


def seats_are_filled_exactly(evidence: Evidence) -> Iterator[str]:
    """All seats are taken, then all waitlist positions; fewer only if fewer registered."""
    for line in evidence.lines:
        yield from groups_fit(line) if line.has_groups else _line_is_filled(line)


def _line_is_filled(evidence: Evidence) -> Iterator[str]:
    people = len({result.email.casefold() for result in evidence.accepted})
    confirmed, waiting, waitlist = len(evidence.confirmed), len(evidence.waitlisted), evidence.seen.waitlist
    seats = min(evidence.seen.seats, people)
    if evidence.cancelled or evidence.expired:
        holders = len(evidence.holders)
        if holders < min(evidence.seen.seats + waitlist, people):
            yield f"only {holders} ever had a seat or a waitlist position ({people} people admitted)"
        if confirmed > evidence.seen.seats or waiting > waitlist:
            yield f"{confirmed} confirmed for {evidence.seen.seats} seats, {waiting} wait on a waitlist of {waitlist}"
    elif (confirmed, waiting) != (seats, min(waitlist, people - seats)):
        yield f"{confirmed} confirmed, {seats} expected; {waiting} wait ({people} people admitted)"


def no_email_has_two_seats(evidence: Evidence) -> Iterator[str]:
    """No e-mail, whatever its letter case, is twice in the attendee list, or there and on the waitlist."""
    sequences: dict[str, list[int]] = defaultdict(list)
    for attendee in evidence.seen.attendees:
        sequences[attendee.email.casefold()].append(attendee.sequence)
    for result, ticket, sequence in evidence.sequenced:
        if ticket.status == Status.WAITLISTED:
            sequences[result.email.casefold()].append(sequence)
    for several in sequences.values():
        if len(several) > 1:
            yield f"sequences {', '.join(map(str, several))} have one e-mail"


def refusals_were_right(evidence: Evidence) -> Iterator[str]:
    """`sold_out` only if every seat and waitlist position was taken; `duplicate` only if the e-mail had a ticket."""
    for line in evidence.lines:
        # What is left for a group may not suffice: whether it did, the replay says.
        if not line.has_groups:
            yield from _was_sold_out(line)
    yield from _duplicates_were_right(evidence)


def _was_sold_out(evidence: Evidence) -> Iterator[str]:
    full = len(evidence.holders) >= evidence.seen.seats + evidence.seen.waitlist
    if not full and evidence.refused_sold_out:
        yield f"{len(evidence.refused_sold_out)} refused as sold out at the door, yet seats are left"
    if not full and evidence.rejected[Reason.SOLD_OUT]:
        yield f"{evidence.rejected[Reason.SOLD_OUT]} rejected as sold out, yet seats are left"


def _duplicates_were_right(evidence: Evidence) -> Iterator[str]:
    known = {result.email.casefold() for result in evidence.accepted}
    for result in evidence.seen.results:
        if result.code == Code.DUPLICATE_REGISTRATION and result.email.casefold() not in known:
            yield f"registration {result.number} was refused as a duplicate without a first registration"
    held: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for result, ticket, sequence in evidence.holders:
        held[result.email.casefold()].append((sequence, _given_back_at(evidence, ticket)))
    for result, ticket, sequence in evidence.sequenced:
        others = held[result.email.casefold()]
        if ticket.reason == Reason.DUPLICATE and not any(first < sequence < last for first, last in others):
            yield f"sequence {sequence} was rejected as a duplicate of no earlier seat"


def attendee_list_is_the_confirmed(evidence: Evidence) -> Iterator[str]:
    """The attendee list and the confirmed tickets are the same, one by one, in order of admission."""
    listed = Counter(attendee.reference for attendee in evidence.seen.attendees)
    confirmed = {short(ticket_id): ticket for ticket_id, ticket in evidence.confirmed.items()}
    for reference in confirmed.keys() - listed.keys():
        yield f"{reference} is confirmed and not in the list"
    emails = {short(result.ticket_id): result.email.casefold() for result in evidence.accepted}
    last = -1
    for attendee in evidence.seen.attendees:
        reference, ticket = attendee.reference, confirmed.get(attendee.reference)
        if ticket is None:
            yield f"{reference} is in the list and not confirmed"
        elif (ticket.sequence, emails.get(reference)) != (attendee.sequence, attendee.email.casefold()):
            yield f"{reference} has another sequence or e-mail in the list"
        if listed[reference] > 1:
            yield f"{reference} is in the list {listed[reference]} times"
        if attendee.sequence < last:
            yield f"sequence {attendee.sequence} is after {last} in the list"
        last = attendee.sequence


PROOFS: list[tuple[str, Callable[[Evidence], Iterator[str]]]] = [
    ("Every registration was answered", every_registration_was_answered),
    ("Every ticket id is unique", ticket_ids_are_unique),
    ("Every 202 was kept", every_202_ended),
    ("Every decision follows the order of admission", decisions_follow_admission),
    ("Every seat is filled, none twice", seats_are_filled_exactly),
    ("Never oversold while we looked", never_oversold),
    ("First come, first seated", first_come_first_seated),
    ("The sequence follows arrival", sequence_follows_arrival),
    ("The waitlist is in order", waitlist_is_in_order),
    ("Cancellations took effect, and no others", cancellations_took_effect),
    ("No status went backwards", no_status_ran_backwards),
    ("No e-mail has two seats", no_email_has_two_seats),
    ("Every refusal was right", refusals_were_right),
    ("The attendee list is the confirmed tickets", attendee_list_is_the_confirmed),
    ("The service's counts agree", counts_agree),
    ("No group is split", no_group_is_split),
    ("Every code within its uses", codes_are_within_their_uses),
    ("Every hold ended once", every_hold_ended_once),
    ("No one passed within a type", no_one_passed),
    ("No seat was called unlikely", no_seat_was_called_unlikely),
]


def _may_end_so(evidence: Evidence, ticket: Ticket) -> bool:
    if ticket.status == Status.CANCELLED:
        return ticket.ticket_id in evidence.cancellations and ticket.reason == Reason.BY_HOLDER
    if ticket.status == Status.WAITLISTED:
        return evidence.seen.waitlist > 0
    if ticket.status == Status.EXPIRED:
        return evidence.seen.hold > 0
    return (ticket.status, ticket.reason) in _RIGHT_ENDS


def _given_back_at(evidence: Evidence, ticket: Ticket) -> float:
    """Returns the sequence of the ticket's cancellation; infinity if there is none, or it is not known."""
    cancellation = evidence.cancellations.get(ticket.ticket_id)
    return float("inf") if cancellation is None or cancellation.sequence is None else cancellation.sequence


def _remark(check: Callable[[Evidence], Iterator[str]], evidence: Evidence) -> str:
    if check is no_seat_was_called_unlikely:
        return share_of_unlikely(evidence)
    if check is not decisions_follow_admission or not evidence.unsequenced:
        return ""
    return (
        f" The answers to {len(evidence.unsequenced)} cancellations were lost, and with them their sequences: there"
        " is an order of these, among the sequences left over, that explains everything."
    )


def _proof(name: str, check: Callable[[Evidence], Iterator[str]], evidence: Evidence) -> Proof:
    problems = check(evidence)
    examples = list(islice(problems, EXAMPLES))
    if not examples:
        return Proof(name, True, (check.__doc__ or "").strip() + _remark(check, evidence))
    more = sum(1 for _ in problems)
    return Proof(name, False, "; ".join(examples) + (f"; and {more} more" if more else ""))
