"""The call of `lua/publish.lua`. See `calls`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from events.admission import scripts
from events.admission.calls import Call, Codes, Row, encode
from events.admission.entry import Entry
from events.admission.fields import EMAIL, TICKET
from events.admission.history import Happened
from events.admission.keys import EventKeys
from events.admission.outcomes import encode_outcome
from events.admission.seats_text import line_score
from events.domain.outcome import Outcome
from events.domain.states import Status

# Digests of e-mails that tickets no longer hold, by the tickets' keys.
Freed = Mapping[str, Sequence[str]]

_CONFIRMED, _HELD = Status.CONFIRMED, Status.HELD


class PublishedOutcome(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An outcome as it is published. `waitlisted_at` is its score in `waitlist`, 0 if it is not on the waitlist."""

    key: str
    email_digest: str
    text: str
    revision: int
    holds_email: bool
    waitlisted_at: int


class PublishedCorrection(PublishedOutcome, frozen=True, gc=False, array_like=True):
    """The outcome of a ticket whose e-mail was corrected. `freed` are digests of e-mails that it no longer holds."""

    freed: Sequence[str]


class PublishedOutcomes(NamedTuple):
    """Outcomes as they are published. `seated` are first decisions that hold their e-mail and do not wait, as fields
    and values of `decided`: nearly all are that, and Lua pays for each list and each text that it puts together."""

    seated: Sequence[str]
    others: Sequence[PublishedOutcome]


class DecidedEntry(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An entry to be removed from the queue; `kind` is empty for a registration."""

    sequence: int
    key: str
    email_digest: str
    kind: str


class CodedEntry(DecidedEntry, frozen=True, gc=False, array_like=True):
    """An entry that came with an access code."""

    coded: bool = True


class PackedEntry(DecidedEntry, frozen=True, gc=False, array_like=True):
    """One of several expiries that are one entry, whose id it is."""

    coded: bool
    id: str


class DecidedEntries(NamedTuple):
    """Entries to be removed from the queue: of each registration without a code its sequence and its fields of
    `pending`, one behind the other; and all others."""

    registrations: Sequence[int | str]
    others: Sequence[DecidedEntry]


def publish(
    keys: EventKeys,
    *,
    seated: Sequence[str],
    outcomes: Sequence[PublishedOutcome],
    version: int,
    last_sequence: int,
    state_ttl: int,
    outcome_ttl: int,
    rates_ttl: int,
    waitlist_ttl: int,
    measured_rate: float,
    assumed_rate: float,
    counted: int,
    decided_ms: int,
    published_before: int,
    earlier_part: str,
    this_part: str,
    channel: str,
    publish_command: str,
    registrations: Sequence[int | str],
    entries: Sequence[DecidedEntry],
    codes: Codes,
    happened: Happened | None,
    history_ttl: int,
    row: Row,
) -> Call:
    """Publishes decisions, and removes their entries from the queue."""
    return Call(
        scripts.PUBLISH,
        (keys.state, *keys.decided, keys.rates, keys.waitlist, keys.queue, keys.pending, keys.codes, keys.history),
        (
            *(encode(seated), encode(outcomes)),
            *(version, last_sequence, state_ttl, outcome_ttl, rates_ttl, waitlist_ttl),
            *(f"{measured_rate:.1f}", assumed_rate, counted, decided_ms, published_before, earlier_part, this_part),
            *(channel, publish_command, encode(registrations), encode(entries)),
            *(encode(codes) if codes else "", encode(happened), history_ttl, *row),
        ),
    )


def published(outcomes: Sequence[Outcome], freed: Freed) -> PublishedOutcomes:
    """Encodes outcomes."""
    seated: list[str] = []
    others: list[PublishedOutcome] = []
    for outcome in outcomes:
        has_seat = outcome.status is _CONFIRMED or outcome.status is _HELD
        if has_seat and outcome.revision == 1 and outcome.key not in freed:
            key = outcome.key
            seated += (TICKET + key, encode_outcome(outcome), EMAIL + outcome.email_digest, key)
        else:
            others.append(_published(outcome, freed))
    return PublishedOutcomes(seated, others)


def _published(outcome: Outcome, freed: Freed) -> PublishedOutcome:
    # Sequences begin at 1.
    waitlisted_at = (
        line_score(outcome.type_id, outcome.turn or outcome.sequence) if outcome.status is Status.WAITLISTED else 0
    )
    text, holds_email = encode_outcome(outcome), outcome.holds_email
    plain = (outcome.key, outcome.email_digest, text, outcome.revision, holds_email, waitlisted_at)
    return PublishedCorrection(*plain, freed[outcome.key]) if outcome.key in freed else PublishedOutcome(*plain)


def decided(entries: Sequence[Entry]) -> DecidedEntries:
    """Encodes entries that are to be removed from the queue."""
    registrations: list[int | str] = []
    others: list[DecidedEntry] = []
    for entry in entries:
        if entry.packed_in:
            one = (entry.sequence, entry.key, entry.email_digest, entry.kind, entry.coded, entry.packed_in)
            others.append(PackedEntry(*one))
        elif entry.kind or entry.coded:
            kind = CodedEntry if entry.coded else DecidedEntry
            others.append(kind(entry.sequence, entry.key, entry.email_digest, entry.kind))
        else:
            registrations += (entry.sequence, TICKET + entry.key, EMAIL + entry.email_digest)
    return DecidedEntries(registrations, others)
