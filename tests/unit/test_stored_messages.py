"""A batch of messages comes out of the event log as it went in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.domain.digests import encode
from events.domain.holds import ConfirmedBy, Hold
from events.domain.outcome import Outcome
from events.domain.states import Reason, Status
from events.domain.webhooks.message import TYPE_OF_STATUS, MessageType
from events.domain.webhooks.stored import StoredMessage, pack, unpack
from tests.support.soak import amount

TIMES = st.integers(0, 1 << 45)
USUAL_KEYS = st.binary(min_size=15, max_size=15).map(encode)
# Of their length, and of their characters, but nothing that 15 bytes are written as; and any other text.
ODD_KEYS = st.sampled_from(["x" * 19 + "=", "é" * 20, "+/" * 10, "short", "", "k" * 21])
MARKS = st.sampled_from(["", "ab12", "cd34"])


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    return Outcome(
        key=draw(USUAL_KEYS | ODD_KEYS),
        status=draw(st.sampled_from(list(TYPE_OF_STATUS))),
        reason=draw(st.none() | st.sampled_from(list(Reason))),
        sequence=draw(st.integers(1, 1 << 40)),
        requested_ms=draw(TIMES),
        decided_ms=draw(TIMES),
        revision=1,
        email_digest="not in a message",
        checked_in_ms=draw(st.none() | TIMES),
        quantity=draw(st.integers(1, 10)),
        type_id=draw(st.integers(0, 9)),
        partly_in=draw(st.none() | st.integers(1, 9)),
        hold=draw(st.none() | st.builds(Hold, TIMES, st.sampled_from(ConfirmedBy))),
        mark=draw(MARKS),
        position=draw(st.none() | st.integers(1, 99)),
    )


OTHERS = st.builds(StoredMessage, st.just(MessageType.SOLD_OUT.value), mark=MARKS, data=st.text())


@settings(max_examples=amount(30, soak=500))
@given(st.lists(outcomes(), max_size=3), st.lists(OTHERS, max_size=2))
def test_a_batch_is_read_as_it_was_packed(changes: list[Outcome], others: list[StoredMessage]) -> None:
    types = [TYPE_OF_STATUS[change.status].value for change in changes]
    expected = [message_of(type_, change) for type_, change in zip(types, changes, strict=True)]
    assert unpack(pack(types, changes, others), len(changes) + len(others)) == [*expected, *others]


def message_of(type_: str, change: Outcome) -> StoredMessage:
    return StoredMessage(
        type=type_,
        ticket_key=change.key,
        sequence=change.sequence,
        requested_ms=change.requested_ms,
        decided_ms=change.decided_ms,
        mark=change.mark,
        reason=change.reason.value if change.reason else "",
        quantity=change.quantity,
        type_id=change.type_id,
        position=change.position,
        expires_ms=change.expires_ms,
        checked_in_ms=change.checked_in_ms,
        partly_in=change.partly_in,
        confirmed_by=change.confirmed_by or "",
    )


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown format"):
        unpack(b"\x02", 1)


def test_a_packed_batch_of_a_usual_drop_takes_eighteen_bytes_a_message() -> None:
    changes = [
        Outcome(
            key=encode(number.to_bytes(15)),
            status=Status.CONFIRMED,
            reason=None,
            sequence=7_000 + number,
            requested_ms=1_800_000_000_000 + number // 20,
            decided_ms=1_800_000_001_000,
            revision=1,
            mark="ab12",
        )
        for number in range(1000)
    ]
    assert len(pack([MessageType.CONFIRMED.value] * 1000, changes)) < 18_000
