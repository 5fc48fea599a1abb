"""Opening and closing, exact to the admission, while people try all the time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.service.crowd import verify_ledger
from tests.support.service.event import Event, open_event
from tests.support.service.http_client import JSON, Answer, ask_on, body
from tests.support.service.processes import Service

pytestmark = pytest.mark.acceptance

THREADS = 4
# Seconds until the moment that the test is about: more on a machine on which too little came before it.
SOON = (2, 8, 32)
# Of the Retry-After: whole seconds, and up to one more so that not all come at once.
SPREAD_SECONDS = 2.0


@dataclass(frozen=True)
class Try:
    """One attempt, with the moments around it by this machine's clock, which is Redis's too."""

    sent: float
    answered: float
    answer: Answer

    @property
    def outcome(self) -> str:
        return "admitted" if self.answer.status == 202 else self.answer.refusal[1]


def hammer(event: Event, enough: Callable[[list[Try]], bool]) -> list[Try]:
    """New guests try on a few connections, without a pause, until each line has had `enough`."""
    lines: list[list[Try]] = [[] for _ in range(THREADS)]
    threads = [threading.Thread(target=_try_on, args=(event, n, lines[n], enough)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [one for line in lines for one in line]


def _try_on(event: Event, line: int, tries: list[Try], enough: Callable[[list[Try]], bool]) -> None:
    connection = event.service.address.connection()
    deadline = time.monotonic() + 100
    while not enough(tries) and time.monotonic() < deadline:
        sent = time.time()
        guest = body(email=f"guest{line}-{len(tries)}@example.com")
        answer = ask_on(connection, "POST", f"{event.path}/register", guest, JSON)
        tries.append(Try(sent, time.time(), answer))
    connection.close()


def last(count: int, outcome: str) -> Callable[[list[Try]], bool]:
    return lambda tries: len(tries) >= count and all(one.outcome == outcome for one in tries[-count:])


def moment(event: Event, name: str) -> datetime:
    """When it opens or closes, as every client sees it."""
    return datetime.fromisoformat(event.public()[name])


def tries_at_an_opening(service: Service) -> tuple[Event, list[Try]]:
    """Some of them early."""
    for seconds in SOON:
        opens = datetime.now(UTC) + timedelta(seconds=seconds)
        event = open_event(service, capacity=100_000, registration_opens_at=opens.isoformat())
        tries = hammer(event, last(20, "admitted"))
        if [one.outcome for one in tries].count("registration_not_open") > 20:
            return event, tries
    raise AssertionError("the event always opened too early")


def tries_at_a_closing(service: Service) -> tuple[Event, list[Try]]:
    """More of them in time than there are seats."""
    for seconds in SOON:
        closes = datetime.now(UTC) + timedelta(seconds=seconds)
        event = open_event(service, capacity=50, registration_closes_at=closes.isoformat())
        tries = hammer(event, last(20, "registration_closed"))
        if [one.outcome for one in tries].count("admitted") > event.capacity:
            return event, tries
    raise AssertionError("the event always closed too early")


def test_no_guest_is_admitted_a_millisecond_early_and_the_refused_know_when(service: Service) -> None:
    event, tries = tries_at_an_opening(service)
    shown = moment(event, "registration_opens_at")
    early = [one for one in tries if one.outcome == "registration_not_open"]
    admitted = [one for one in tries if one.outcome == "admitted"]
    assert len(early) + len(admitted) == len(tries)
    assert min(datetime.fromisoformat(one.answer.data["requested_at"]) for one in admitted) >= shown
    for one in early:
        wait = int(one.answer.headers["retry-after"])
        assert shown.timestamp() - one.answered <= wait <= max(1.0, shown.timestamp() - one.sent) + SPREAD_SECONDS
    assert not [one for one in admitted if one.answered < shown.timestamp()]
    verify_ledger(event)


def test_a_guest_admitted_in_time_is_never_told_that_it_was_closed(service: Service) -> None:
    """The drains hang until long after the closing."""
    with service.frozen("drain-1"), service.frozen("drain-2"):
        event, tries = tries_at_a_closing(service)
        shown = moment(event, "registration_closes_at")
        admitted = [one for one in tries if one.outcome == "admitted"]
        assert event.queued() == len(admitted)
    assert {one.outcome for one in tries} == {"admitted", "registration_closed"}
    assert max(datetime.fromisoformat(one.answer.data["requested_at"]) for one in admitted) < shown
    ends = [event.decided(one.answer.data["ticket_id"]) for one in admitted]
    assert [end["status"] for end in ends].count("confirmed") == event.capacity
    assert {(end["status"], end["reason"]) for end in ends} == {("confirmed", None), ("rejected", "sold_out")}
    assert min(datetime.fromisoformat(end["decided_at"]) for end in ends) > shown
    verify_ledger(event)
