"""News as they happen, from a real service: streams of events and long polls, also while things are killed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.service.event import Event, open_event
from tests.support.service.event_stream import Follower, follow
from tests.support.service.http_client import Answer, ask_on
from tests.support.service.metrics import scrape, value
from tests.support.service.parts import DRAINS, answers
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

MANY = 300


@contextlib.contextmanager
def nothing_decided(service: Service) -> Iterator[None]:
    """Drains that do not work."""
    with service.frozen(DRAINS[0]), service.frozen(DRAINS[1]):
        yield


def held(service: Service, kind: str) -> float:
    """Clients that the doors hold, as the metrics count them."""
    return value(scrape(service), "omnify_watchers", kind=kind)


def subscribed(service: Service, event: Event) -> int:
    """Connections that follow the event."""
    [(_, count)] = service.redis.pubsub_numsub(event.keys.news)
    return int(count)


def poll(event: Event, ticket_id: str, *, wait: int, tag: str = "") -> Answer:
    headers = {"If-None-Match": tag} if tag else {}
    return event.service.address.ask("GET", f"/registrations/{ticket_id}?wait={wait}", headers=headers)


def cancel(event: Event, ticket_id: str) -> None:
    assert event.service.address.ask("DELETE", f"/registrations/{ticket_id}").status == 202


def test_a_stream_shows_a_ticket_from_the_line_over_the_waitlist_to_a_seat(service: Service) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=2)
    with nothing_decided(service):
        holder, first, second = event.admit(1, 2, 3)
        streams = follow(event, [first, second])
        headers = streams[0].response.headers
        assert headers["content-type"] == "text/event-stream"
        assert headers["cache-control"] == "no-store"
        assert streams[1].tickets[0]["position"] == 3
    assert [stream.until("waitlisted")["position"] for stream in streams] == [1, 2]
    cancel(event, holder)
    assert streams[0].to_the_end() == ["queued", "waitlisted", "confirmed"]
    assert streams[0].tickets[-1] == event.ticket(first)
    while streams[1].tickets[-1]["position"] != 1:
        assert streams[1].next() is not None
    streams[1].close()
    again = Follower(event, first)
    assert again.to_the_end() == ["confirmed"]
    path, seen = f"/registrations/{first}/events", {"Last-Event-ID": again.ids[-1]}
    assert service.address.ask("GET", path, headers=seen).status == 204


def test_many_streams_are_one_subscription_for_each_process_and_all_end(service: Service) -> None:
    event = open_event(service, capacity=MANY // 2)
    with nothing_decided(service):
        tickets = event.admit(*range(MANY))
        streams = follow(event, tickets)
        wait_until(lambda: held(service, "stream") == MANY, "every stream is counted")
        wait_until(lambda: subscribed(service, event) <= len(service.doors()), "each door follows the event once")
    with ThreadPoolExecutor(max_workers=1) as reader:
        ends = list(reader.map(lambda stream: stream.to_the_end()[-1], streams))
    assert ends == ["confirmed"] * (MANY // 2) + ["rejected"] * (MANY // 2)
    wait_until(lambda: held(service, "stream") == 0, "none is held any more")
    wait_until(lambda: subscribed(service, event) == 0, "no door follows the event any more")


def test_clients_that_hang_up_are_let_go_at_once(service: Service) -> None:
    event = open_event(service)
    with nothing_decided(service):
        streams = follow(event, event.admit(*range(100)))
        wait_until(lambda: held(service, "stream") == 100, "every stream is counted")
        for number, stream in enumerate(streams):
            stream.close() if number % 2 else stream.vanish()
        wait_until(lambda: held(service, "stream") == 0, "none is held any more")
        wait_until(lambda: subscribed(service, event) == 0, "no door follows the event any more")


def test_a_killed_door_holds_no_client_any_more(service: Service) -> None:
    event = open_event(service)
    with nothing_decided(service):
        tickets = event.admit(*range(20))
        streams = follow(event, tickets)
        wait_until(lambda: held(service, "stream") == 20, "every stream is counted")
        for pid in service.doors():
            os.kill(pid, signal.SIGKILL)
        # Not readiness: on a slow machine the frozen drains have given no sign of life for too long.
        wait_until(lambda: answers(service.address), "new doors are there")
        wait_until(lambda: held(service, "stream") == 0, "the dead ones are not counted")
        for stream in streams:
            stream.close()
        streams = follow(event, tickets)
    assert {stream.to_the_end()[-1] for stream in streams} == {"confirmed"}


def test_a_killed_valkey_costs_a_stream_no_news(service: Service) -> None:
    event = open_event(service, capacity=10)
    with nothing_decided(service):
        tickets = event.admit(*range(20))
        streams = follow(event, tickets)
        service.kill("valkey")
        refused = poll(event, tickets[0], wait=30)
        assert refused.refusal == (503, "unavailable")
        assert int(refused.headers["retry-after"]) >= 1
        service.start_part("valkey")
    assert [stream.to_the_end()[-1] for stream in streams] == ["confirmed"] * 10 + ["rejected"] * 10


def test_a_long_poll_outlives_a_killed_valkey(service: Service) -> None:
    event = open_event(service)
    with nothing_decided(service), ThreadPoolExecutor(max_workers=1) as client:
        [ticket] = event.admit(1)
        answer = client.submit(poll, event, ticket, wait=30)
        wait_until(lambda: held(service, "poll") == 1, "the poll is held")
        service.kill("valkey")
        service.start_part("valkey")
        for drain in DRAINS:
            service.release(drain)
        assert answer.result().data["status"] == "confirmed"


def test_a_dropped_subscription_is_taken_up_again_and_nothing_is_missed(service: Service) -> None:
    event = open_event(service, capacity=100, waitlist_capacity=0)
    for guest in range(10):
        with nothing_decided(service):
            [ticket] = event.admit(guest)
            [stream] = follow(event, [ticket])
            wait_until(lambda: subscribed(service, event) > 0, "the stream's door follows the event")
            if guest % 2:  # the decision may be told before, while, or after the connection ends
                for drain in DRAINS:
                    service.release(drain)
            killed: Any = service.redis.client_kill_filter(_type="pubsub")
            assert guest % 2 or killed >= 1
        assert stream.to_the_end()[-1] == "confirmed"


def test_a_stopping_service_ends_streams_and_polls_properly(service: Service) -> None:
    event = open_event(service)
    with nothing_decided(service), ThreadPoolExecutor(max_workers=1) as client:
        tickets = event.admit(1, 2)
        [stream] = follow(event, tickets[:1])
        answer = client.submit(poll, event, tickets[1], wait=30)
        wait_until(lambda: held(service, "poll") == 1, "the poll is held")
        service.stop_part("web")
        # A connection that is cut would raise.
        assert stream.to_the_end() == ["queued"]
        assert answer.result().data["status"] == "queued"


def test_a_long_poll_is_answered_by_the_change_and_keeps_its_connection(service: Service) -> None:
    event = open_event(service)
    with nothing_decided(service):
        [ticket] = event.admit(1)
        path = f"/registrations/{ticket}"
        connection = service.address.connection()
        first = ask_on(connection, "GET", path)
        tag = {"If-None-Match": first.headers["etag"]}
        assert ask_on(connection, "GET", f"{path}?wait=1", headers=tag).status == 304
        assert ask_on(connection, "GET", f"{path}?wait=1").data["status"] == "queued"
    change = ask_on(connection, "GET", f"{path}?wait=30", headers=tag)
    assert change.data["status"] == "confirmed"
    assert "retry-after" not in change.headers
    connection.close()


def test_other_methods_on_a_stream_are_refused_in_shape(service: Service) -> None:
    event = open_event(service)
    [ticket] = event.admit(1)
    answer = service.address.ask("POST", f"/registrations/{ticket}/events")
    assert answer.refusal == (405, "method_not_allowed")
    assert service.address.ask("GET", "/registrations/made-up/events").refusal == (404, "ticket_not_found")
    head = service.address.ask("HEAD", f"/registrations/{ticket}/events")
    assert (head.status, head.headers["content-type"], head.body) == (200, "text/event-stream", b"")
