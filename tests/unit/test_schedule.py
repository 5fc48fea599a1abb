"""When an event takes place and when people may register."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from events.domain.schedule import Schedule, changed_schedule, first_schedule, schedule_problems

NOW = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SENT = {"start_time": NOW + HOUR, "end_time": NOW + 3 * HOUR}


def test_registration_opens_now_and_closes_with_the_event_unless_told() -> None:
    schedule = first_schedule(sent=SENT, now=NOW)
    assert schedule.registration_opens_at == NOW
    assert schedule.registration_closes_at == NOW + 3 * HOUR
    assert schedule_problems(schedule, sent=SENT, now=NOW) == {}


def test_an_event_that_ends_when_it_starts_is_refused_on_its_end() -> None:
    sent = {"start_time": NOW + HOUR, "end_time": NOW + HOUR}
    problems = schedule_problems(first_schedule(sent=sent, now=NOW), sent=sent, now=NOW)
    assert problems == {"end_time": ["The end must be after the start."]}


def test_an_event_may_have_begun_but_not_be_over() -> None:
    begun = {"start_time": NOW - HOUR, "end_time": NOW + HOUR}
    over = {"start_time": NOW - 2 * HOUR, "end_time": NOW}
    assert schedule_problems(first_schedule(sent=begun, now=NOW), sent=begun, now=NOW) == {}
    assert set(schedule_problems(first_schedule(sent=over, now=NOW), sent=over, now=NOW)) == {"end_time"}


def test_registration_must_close_after_it_opens_and_not_after_the_end() -> None:
    for closes in (NOW - HOUR, NOW, NOW + 4 * HOUR):
        sent = {**SENT, "registration_closes_at": closes}
        problems = schedule_problems(first_schedule(sent=sent, now=NOW), sent=sent, now=NOW)
        assert set(problems) == {"registration_closes_at"}, closes


def test_the_field_at_fault_is_one_that_was_sent() -> None:
    sent = {**SENT, "registration_opens_at": NOW + 5 * HOUR}
    problems = schedule_problems(first_schedule(sent=sent, now=NOW), sent=sent, now=NOW)
    assert set(problems) == {"registration_opens_at"}


def test_registration_that_closes_with_the_event_goes_on_doing_so() -> None:
    current = first_schedule(sent=SENT, now=NOW)
    moved = changed_schedule(sent={"end_time": NOW + 9 * HOUR}, current=current)
    assert moved.registration_closes_at == NOW + 9 * HOUR


def test_registration_with_a_close_of_its_own_keeps_it() -> None:
    current = first_schedule(sent={**SENT, "registration_closes_at": NOW + 2 * HOUR}, now=NOW)
    moved = changed_schedule(sent={"end_time": NOW + 9 * HOUR}, current=current)
    assert moved.registration_closes_at == NOW + 2 * HOUR


def test_a_finished_event_is_not_at_fault_for_what_was_not_sent() -> None:
    past = Schedule(
        start_time=NOW - 3 * HOUR,
        end_time=NOW - HOUR,
        registration_opens_at=NOW - 4 * HOUR,
        registration_closes_at=NOW - HOUR,
    )
    assert schedule_problems(changed_schedule(sent={}, current=past), sent={}, now=NOW) == {}
