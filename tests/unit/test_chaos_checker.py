"""The checker of chaos runs: a history that kept every promise passes, and each broken promise is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from chaos import order_checks, seat_checks
from chaos.checker import CHECKS, check
from chaos.evidence import Evidence
from chaos.history import Call, Counts, Message
from chaos.outcome import Event, Outcome, Row

EVENT = 7


def _ticket(number: int) -> str:
    return f"{EVENT}-{number:020d}mac-----"


def _call(op: str, guest: int, began: float, **answer: Any) -> Call:
    email = f"guest-{guest}@example.org" if op == "register" else ""
    common = {"email": email, "key": f"key-{guest}" if op == "register" else "", "ticket": _ticket(guest)}
    return Call(
        **{
            "op": op,
            "guest": guest,
            "event": EVENT,
            "door": "d",
            "began": began,
            "ended": began + 0.5,
            **common,
            **answer,
        }
    )


def _registered(guest: int) -> Call:
    return _call("register", guest, float(guest), status=202, state="queued")


def _read(guest: int, began: float, state: str, **more: Any) -> Call:
    return _call("status", guest, began, status=200, state=state, sequence=guest, **more)


def _row(number: int, status: str, **more: Any) -> Row:
    row = Row(
        event=EVENT,
        key=f"{number:020d}",
        email=f"guest-{number}@example.org",
        status=status,
        reason="",
        sequence=number,
        revision=1,
        decided_ms=number * 10.0,
    )
    return msgspec.structs.replace(row, **more)


def _message(number: int, state: str, *, genuine: bool = True, id_: str = "") -> Message:
    return Message(at=30.0, id=id_ or f"m{number}{state}", ticket=_ticket(number), state=state, genuine=genuine)


ENDS = {1: "confirmed", 2: "confirmed", 3: "waitlisted"}
# Two seats and a waitlist of one; three guests, one after the other; the fourth is refused at the door.
GOOD = Evidence(
    calls=[
        *map(_registered, ENDS),
        *(_read(guest, 20.0 + guest, end) for guest, end in ENDS.items()),
        _call("register", 4, 25.0, status=409, code="sold_out", ticket=""),
    ],
    messages=[_message(guest, end) for guest, end in ENDS.items()],
    counts=[Counts(event=EVENT, at=20.0, capacity=2, confirmed=2)],
    outcome=Outcome([Event(EVENT, 2, 1, 2, 1)], [_row(guest, end) for guest, end in ENDS.items()]),
    exact=frozenset({EVENT}),
)


def _with_calls(*calls: Call) -> Evidence:
    return replace(GOOD, calls=[*GOOD.calls, *calls])


def _with_rows(*rows: Row, **event: int) -> Evidence:
    changed = {row.key: row for row in rows}
    kept = [row for row in GOOD.outcome.rows if row.key not in changed]
    return replace(GOOD, outcome=Outcome([msgspec.structs.replace(GOOD.outcome.events[0], **event)], [*kept, *rows]))


def _without_row(number: int) -> Evidence:
    rows = [row for row in GOOD.outcome.rows if row.sequence != number]
    return replace(GOOD, outcome=Outcome(GOOD.outcome.events, rows))


def _found(check_: Any, evidence: Evidence) -> str:
    return "; ".join(check_(evidence))


def test_a_history_that_kept_every_promise_has_no_violation() -> None:
    assert check(GOOD) == {(one.__doc__ or "").strip(): [] for one in CHECKS}


BROKEN = [
    (seat_checks.every_202_is_decided, _without_row(2), "has a 202 and no decision"),
    (
        seat_checks.every_202_is_decided,
        replace(_without_row(2), loss_allowed=True),
        "was lost and says confirmed",
    ),
    (seat_checks.answers_agree_with_the_ledger, _without_row(2), "said confirmed, and the ledger does not have it"),
    (
        seat_checks.answers_agree_with_the_ledger,
        _with_rows(_row(3, "rejected", reason="sold_out")),
        "says waitlisted, the ledger rejected",
    ),
    (seat_checks.nothing_is_oversold, _with_rows(_row(3, "confirmed")), "3 of 2 seats"),
    (seat_checks.nothing_is_oversold, _with_rows(confirmed=1), "counts 1 seats and has given out 2"),
    (
        seat_checks.nothing_is_oversold,
        replace(GOOD, counts=[Counts(event=EVENT, at=1.0, capacity=2, confirmed=3)]),
        "was seen with 3 of 2",
    ),
    (order_checks.sequences_are_unique, _with_rows(_row(3, "waitlisted", sequence=2)), "sequence 2 of event 7 belongs"),
    (
        order_checks.sequences_are_unique,
        _with_calls(_call("status", 1, 28.0, status=200, state="confirmed", sequence=9)),
        "had sequences [1, 9]",
    ),
    (
        order_checks.admission_follows_arrival,
        _with_rows(_row(1, "confirmed", sequence=2), _row(2, "confirmed", sequence=1)),
        "was sent after",
    ),
    (order_checks.decisions_follow_admission, _with_rows(_row(3, "waitlisted", decided_ms=1.0)), "was decided before"),
    (
        order_checks.decisions_follow_admission,
        replace(_with_rows(_row(2, "waitlisted"), _row(3, "confirmed")), exact=frozenset()),
        "sequence 2 waits for one",
    ),
    (
        order_checks.decisions_follow_admission,
        _with_rows(_row(1, "rejected", reason="sold_out")),
        "the order of admission says confirmed",
    ),
    (
        seat_checks.no_email_has_two_seats,
        _with_rows(_row(3, "waitlisted", email="GUEST-1@example.org")),
        "a guest has 2 seats",
    ),
    (order_checks.no_status_runs_backwards, _with_calls(_read(1, 29.0, "queued")), "was confirmed and then queued"),
    (
        order_checks.no_status_runs_backwards,
        _with_calls(_read(3, 15.0, "confirmed")),
        "was confirmed and then waitlisted",
    ),
    (
        seat_checks.a_key_names_one_ticket,
        _with_calls(_call("register", 1, 26.0, status=202, state="queued", ticket=_ticket(8))),
        "gave 2 tickets",
    ),
    (
        seat_checks.a_key_names_one_ticket,
        _with_calls(_call("register", 2, 26.0, status=202, state="queued", ticket=_ticket(1))),
        "was given to several guests",
    ),
    (
        seat_checks.refusals_are_right,
        _with_calls(_call("register", 5, 26.0, status=409, code="duplicate_registration", ticket="")),
        "without another registration",
    ),
    (seat_checks.refusals_are_right, _with_rows(waitlist=2), "is sold out, and it is not"),
    (
        seat_checks.cancellations_took_effect,
        _with_calls(_call("cancel", 1, 26.0, status=202, state="confirmed")),
        "was given back with a 202 and is confirmed",
    ),
    (seat_checks.cancellations_took_effect, _with_rows(_row(1, "cancelled")), "no one asked for it"),
    (seat_checks.the_ledger_has_no_strangers, _with_rows(_row(9, "rejected")), "was never sent"),
    (order_checks.webhooks_came_in_order, replace(GOOD, messages=GOOD.messages[1:]), "no webhook said so"),
    (
        order_checks.webhooks_came_in_order,
        replace(GOOD, messages=[*GOOD.messages, _message(1, "waitlisted")]),
        "the webhook of confirmed came before that of waitlisted",
    ),
    (
        order_checks.webhooks_came_in_order,
        replace(GOOD, messages=[*GOOD.messages, _message(1, "confirmed", genuine=False)]),
        "no valid signature",
    ),
]


@pytest.mark.parametrize(("check_", "evidence", "words"), BROKEN)
def test_a_broken_promise_is_found(check_: Any, evidence: Evidence, words: str) -> None:
    assert words in _found(check_, evidence)


def test_every_check_has_a_history_that_breaks_it() -> None:
    assert {check_ for check_, *_ in BROKEN} == set(CHECKS)


def test_a_message_that_comes_twice_is_no_violation() -> None:
    again = replace(GOOD, messages=[*GOOD.messages, GOOD.messages[0]])
    assert _found(order_checks.webhooks_came_in_order, again) == ""


def test_answers_that_overlap_may_come_in_either_order() -> None:
    overlapping = _with_calls(_call("status", 1, 20.9, status=200, state="queued", ended=22.0))
    assert _found(order_checks.no_status_runs_backwards, overlapping) == ""


def test_a_repeated_registration_may_have_been_admitted_by_its_first_try() -> None:
    """Guest 2 sent its first try before guest 1 came, and had the 202 of its second one after it."""
    early = _call("register", 2, 0.1, status=0, ended=0.9, ticket="")
    swapped = _with_rows(_row(1, "confirmed", sequence=2), _row(2, "confirmed", sequence=1))
    assert _found(order_checks.admission_follows_arrival, replace(swapped, calls=[early, *swapped.calls])) == ""


def test_a_lost_ticket_that_says_so_is_no_violation_where_loss_was_allowed() -> None:
    lost = replace(
        _without_row(3), loss_allowed=True, calls=[*GOOD.calls[:-1], _read(3, 29.0, "lost")], messages=GOOD.messages[:2]
    )
    assert _found(seat_checks.every_202_is_decided, lost) == ""
