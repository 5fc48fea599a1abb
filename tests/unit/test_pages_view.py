"""Whatever the service says in codes, the pages say in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.domain.states import CANCELLATION_REASONS, REJECTION_REASONS, EventState, Reason
from events.domain.webhooks.message import MessageType
from events.door import parse
from events.pages import messages
from events.pages.view import retry_time, wait_text, when
from omnify.common.envelope import Code
from omnify.common.languages import language

ENGLISH = language("en")

# What `POST /events/{id}/register` may answer.
REFUSALS = {
    *(Code.INVALID, Code.EVENT_NOT_FOUND, Code.DUPLICATE_REGISTRATION, Code.REGISTRATION_NOT_OPEN),
    *(Code.REGISTRATION_CLOSED, Code.SOLD_OUT, Code.PAYLOAD_TOO_LARGE, Code.UNSUPPORTED_MEDIA_TYPE),
    *(Code.REQUEST_TIMEOUT, Code.IDEMPOTENCY_KEY_REUSED),
    *(Code.RATE_LIMITED, Code.QUEUE_FULL, Code.UNAVAILABLE, Code.INTERNAL_ERROR),
}


def test_every_code_reason_and_state_has_its_words() -> None:
    assert {code.value for code in REFUSALS} <= messages.MESSAGES.keys()
    assert {reason.value for reason in REJECTION_REASONS} == messages.REASONS.keys()
    assert {reason.value for reason in CANCELLATION_REASONS} == messages.CANCELLATIONS.keys()
    assert {*REJECTION_REASONS, *CANCELLATION_REASONS} == {*Reason}
    assert {state.value for state in EventState} == messages.STATES.keys()
    assert {reason.value for reason in REJECTION_REASONS} == messages.REJECTIONS.keys()
    assert {type_.value for type_ in MessageType} == messages.MESSAGE_TYPES.keys()
    assert messages.message(ENGLISH, "newer than this page") == messages.MESSAGES["internal_error"]


def test_a_wait_is_said_the_way_people_say_it() -> None:
    said = [wait_text(ENGLISH, seconds) for seconds in (0.1, 12.4, 89.9, 90, 3600)]
    assert said == ["about a second", "about 12 seconds", "about 90 seconds", "about 2 minutes", "about 60 minutes"]


def test_a_time_to_try_again_is_no_large_number_of_seconds() -> None:
    said = [retry_time(ENGLISH, seconds) for seconds in (1, 60, 119, 120, 7009)]
    assert said == ["1 second", "1 minute", "119 seconds", "00:02:00", "01:56:49"]


def test_a_span_names_its_day_once() -> None:
    start = datetime(2031, 6, 1, 16, tzinfo=UTC)
    assert when(ENGLISH, start, start + timedelta(hours=2)) == "Sunday, 1 June 2031, 16:00 to 18:00 UTC"
    assert when(ENGLISH, start, start + timedelta(days=1)).endswith("to Monday, 2 June 2031, 16:00 UTC")


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "", "email": "nothing"},
        {"name": "x" * 256, "email": f"{'x' * 300}@example.org", "code": "x"},
        {"name": "a\u0000b", "email": "a\u0000@example.org", "code": "x" * 129},
        {"name": "a\u202eb", "email": "g@example.org", "quantity": 99, "ticket_type": 0},
        {"name": "\u200b", "quantity": "two"},
    ],
)
def test_what_the_service_says_of_a_field_has_words_in_every_language(fields: dict[str, Any]) -> None:
    with pytest.raises(parse.BadRequest) as caught:
        parse.registration(json.dumps(fields).encode())
    assert caught.value.errors
    for texts in caught.value.errors.values():
        for text in texts:
            assert messages.field_error(ENGLISH, text) == text
            assert messages.field_error(language("de"), text) not in ("", text)
