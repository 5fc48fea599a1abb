"""Checks the times of an event and of its registration, and fills in those that were not sent.

Rules beside the contract's (end after start, end in the future): registration closes after it opens and not
after the event is over. A time that was not sent is never at fault; a finished event can still get a new name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The four times of an event, all aware. Field names are the contract's."""

    start_time: datetime
    end_time: datetime
    registration_opens_at: datetime
    registration_closes_at: datetime


def first_schedule(*, sent: Mapping[str, datetime], now: datetime) -> Schedule:
    """Fills in a new event's times: registration opens `now` and closes with the event unless times are given."""
    return Schedule(
        start_time=sent["start_time"],
        end_time=sent["end_time"],
        registration_opens_at=sent.get("registration_opens_at", now),
        registration_closes_at=sent.get("registration_closes_at", sent["end_time"]),
    )


def changed_schedule(*, sent: Mapping[str, datetime], current: Schedule) -> Schedule:
    """Returns the times after a change. If registration closed with the event, it still does."""
    end = sent.get("end_time", current.end_time)
    closes_with_event = current.registration_closes_at == current.end_time
    closes = end if closes_with_event else current.registration_closes_at
    return Schedule(
        start_time=sent.get("start_time", current.start_time),
        end_time=end,
        registration_opens_at=sent.get("registration_opens_at", current.registration_opens_at),
        registration_closes_at=sent.get("registration_closes_at", closes),
    )


def moved_schedule(*, sent: Mapping[str, datetime], original: Schedule) -> Schedule:
    """Returns the times of a copy of an event: a new start moves all times that were not sent by as much.

    Raises OverflowError: a time falls outside the years 1 to 9999.
    """
    by = sent.get("start_time", original.start_time) - original.start_time
    moved = Schedule(
        start_time=original.start_time + by,
        end_time=original.end_time + by,
        registration_opens_at=original.registration_opens_at + by,
        registration_closes_at=original.registration_closes_at + by,
    )
    return changed_schedule(sent=sent, current=moved)


def schedule_problems(schedule: Schedule, *, sent: Mapping[str, datetime], now: datetime) -> dict[str, list[str]]:
    """Finds what is wrong with the sent times: one sentence for each field, nothing if all is well."""
    opens, closes = schedule.registration_opens_at, schedule.registration_closes_at
    end = schedule.end_time
    rules = [
        (end > schedule.start_time, ("end_time", "start_time"), "The end must be after the start."),
        (end > now, ("end_time",), "The end must be in the future."),
        (
            closes > opens,
            ("registration_closes_at", "registration_opens_at", "end_time"),
            "Registration must close after it opens.",
        ),
        (
            closes <= end,
            ("registration_closes_at", "end_time"),
            "Registration must close no later than the event ends.",
        ),
    ]
    problems: dict[str, list[str]] = {}
    for holds, fields, sentence in rules:
        blamed = next((field for field in fields if field in sent), None)
        if not holds and blamed is not None:
            problems.setdefault(blamed, [sentence])
    return problems
