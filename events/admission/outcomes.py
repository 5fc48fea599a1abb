"""How an outcome is written in Redis: `revision|status|reason|sequence|requested ms|decided ms|`, and behind the last
bar what it says of seats (`seats_text`), then `i<checked in ms>` once the ticket's holder has been let in, or
`h<until ms>` while it is held and once that has run out, with an `o` behind it where only the organizer may confirm,
and an `a` where only the proof of its address does; with that also while it waits.

Earlier releases put a digest in hex behind the last bar, and their doors, which may still be at work beside a newer
worker, read seven fields. Text of about 60 bytes, so
that an operator can read it with `HGET`.
"""

from __future__ import annotations

from events.admission.fields import CHECKED_IN, HELD_UNTIL, RESTRICTED, UNPROVED
from events.admission.seats_text import ONE_SEAT, AskedSeats, read_seats, write_seats
from events.domain.holds import ConfirmedBy, Hold
from events.domain.outcome import Outcome
from events.domain.states import Reason, Status

# Looking a member up in its class costs three times as much.
_LETTERS = {ConfirmedBy.ORGANIZER: RESTRICTED, ConfirmedBy.HOLDER: "", ConfirmedBy.ADDRESS: UNPROVED}
_BY = {letter: by for by, letter in _LETTERS.items() if letter}
_STATUSES = {status.value: status for status in Status}
_REASONS: dict[str, Reason | None] = {"": None, **{reason.value: reason for reason in Reason}}


def encode_outcome(outcome: Outcome) -> str:
    """Encodes an outcome for Redis, without the e-mail."""
    plain = outcome.quantity == 1 and not outcome.type_id and outcome.checked_in_ms is None and outcome.hold is None
    # Formatting a member of an enumeration takes three times as long as its value does, and `value` is a property.
    reason = outcome.reason._value_ if outcome.reason else ""
    return (
        f"{outcome.revision}|{outcome.status._value_}|{reason}|"
        f"{outcome.sequence}|{outcome.requested_ms}|{outcome.decided_ms}|{'' if plain else _end(outcome)}"
    )


def _end(outcome: Outcome) -> str:
    seats = write_seats(outcome.quantity, outcome.type_id, outcome.partly_in)
    if outcome.hold is not None and outcome.expires_ms is not None:
        return f"{seats}{HELD_UNTIL}{outcome.expires_ms}{_LETTERS[outcome.hold.confirmed_by]}"
    return seats if outcome.checked_in_ms is None else f"{seats}{CHECKED_IN}{outcome.checked_in_ms}"


def letter_of(hold: Hold) -> str:
    """Returns what says, behind the end of a hold, who may confirm it."""
    return _LETTERS[hold.confirmed_by]


def decode_outcome(key: str, text: str) -> Outcome:
    """Decodes the outcome of ticket `key`. Raises ValueError for a text that `encode_outcome` did not make."""
    revision, status, reason, sequence, requested, decided, about = text.split("|")
    if status not in _STATUSES or reason not in _REASONS:
        raise ValueError(text)
    asked, checked_in_ms, hold = (ONE_SEAT, None, None) if not about else _about(about)
    return Outcome(
        key=key,
        status=_STATUSES[status],
        reason=_REASONS[reason],
        sequence=int(sequence),
        requested_ms=int(requested),
        decided_ms=int(decided),
        revision=int(revision),
        checked_in_ms=checked_in_ms,
        quantity=asked.quantity,
        type_id=asked.type_id,
        partly_in=asked.partly_in,
        hold=hold,
    )


def _about(text: str) -> tuple[AskedSeats, int | None, Hold | None]:
    seats, is_held, until = text.partition(HELD_UNTIL)
    if is_held:
        by = _BY.get(until[-1:], ConfirmedBy.HOLDER)
        return read_seats(seats), None, Hold(int(until.rstrip(RESTRICTED + UNPROVED)), by)
    seats, is_in, checked_in = text.partition(CHECKED_IN)
    return read_seats(seats), int(checked_in) if is_in else None, None
