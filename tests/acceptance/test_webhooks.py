"""Webhooks of a real service to real receivers: everything arrives, signed, in order, whatever is killed or hangs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.service.webhooks import TICKETS, Hook, default_secret, organizer_calls, subscribe
from tests.support.waiting import wait_until
from tests.support.webhook_receivers import Got, Receivers

pytestmark = [pytest.mark.acceptance, pytest.mark.soak]


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    with Receivers() as found:
        yield found


def told(got: list[Got]) -> list[tuple[str, str]]:
    """(ticket, status) of messages about tickets, as they came."""
    return [(one.message["data"]["ticket_id"], one.message["data"]["status"]) for one in got]


def states(hook: Hook) -> list[str]:
    """Of its deliveries, oldest first."""
    return [row["state"] for row in hook.log()]


def test_every_change_of_a_drop_arrives_as_its_ticket_shows_it(service: Service, receivers: Receivers) -> None:
    event = open_event(service, capacity=20, waitlist_capacity=5)
    hook = subscribe(event, receivers.url("/ok"))
    # Nothing is decided meanwhile, or the door would say `sold_out` to the last ones.
    with service.frozen("drain-1"), service.frozen("drain-2"):
        tickets = event.admit(*range(30))
    wait_until(lambda: len(receivers.got) >= 31, "30 decisions and the end of the places arrive")
    shown = {ticket: event.ticket(ticket) for ticket in tickets}
    about_tickets = [got for got in receivers.got if got.message["type"] != "event.sold_out"]
    for got in receivers.got:
        got.verify(hook.secret)
    assert Counter(status for _, status in told(about_tickets)) == {"confirmed": 20, "waitlisted": 5, "rejected": 5}
    for got in about_tickets:
        data = got.message["data"]
        assert got.message["type"] == f"registration.{data['status']}"
        # A position on the waitlist is the one at the moment of the change.
        assert {**data, "position": None}.items() <= {**shown[data["ticket_id"]], "position": None}.items()
        assert b"@" not in got.body
    places = sorted(got.message["data"]["position"] for got in about_tickets if "waitlisted" in got.message["type"])
    assert places == [1, 2, 3, 4, 5]
    assert len({got.id for got in receivers.got}) == 31
    [end] = [got.message for got in receivers.got if got.message["type"] == "event.sold_out"]
    assert (end["data"]["id"], end["data"]["seats_left"]) == (event.id, 0)


def test_a_tickets_messages_keep_their_order(service: Service, receivers: Receivers) -> None:
    """Its first message fails once, so that all the others are ready before it is through."""
    event = open_event(service, capacity=1, waitlist_capacity=1)
    subscribe(event, receivers.url("/flaky/1"), types=TICKETS)
    first, second = event.admit("first"), event.admit("second")
    for ticket in (*first, *second):
        wait_until(lambda ticket=ticket: event.ticket(ticket)["status"] != "queued", "it is decided")
        assert service.address.ask("DELETE", f"/registrations/{ticket}").status == 202
    done = {(first[0], "cancelled"), (second[0], "cancelled")}
    wait_until(lambda: done <= set(told(receivers.got)), "the last messages arrive")
    ways = {ticket: [status for one, status in told(receivers.got) if one == ticket] for ticket in (*first, *second)}
    for way in ways.values():
        assert way[0] in ("confirmed", "waitlisted")
    assert list(dict.fromkeys(ways[first[0]])) == ["confirmed", "cancelled"]
    assert list(dict.fromkeys(ways[second[0]])) == ["waitlisted", "confirmed", "cancelled"]


def test_a_deliverer_killed_anywhere_loses_nothing(service: Service, receivers: Receivers) -> None:
    """Killed before it sends, the message comes once; killed before it records, it comes a second time, the same."""
    event = open_event(service)
    hook = subscribe(event, receivers.url("/ok"))
    service.set_trap("deliver.before_record")
    event.admit("unrecorded")
    service.kill(service.trapped("deliver.before_record"))
    assert len(receivers.got) == 1
    service.heal()
    service.set_trap("deliver.after_claim")
    event.admit("unsent")
    # If the first claim has run out by now, the message may be in this one too: that is not sent either.
    service.kill(service.trapped("deliver.after_claim"))
    assert len(receivers.got) == 1
    service.heal()
    # The claims of the dead run out.
    wait_until(lambda: states(hook) == ["delivered"] * 2, "all is delivered")
    unrecorded, unsent = hook.log()
    ids = Counter(got.id for got in receivers.got)
    assert ids == {unsent["message_id"]: 1, unrecorded["message_id"]: 2}
    first, again = [got for got in receivers.got if got.id == unrecorded["message_id"]]
    assert first.body == again.body


@pytest.mark.soak(only=True)
def test_a_deliverer_that_is_stopped_sends_nothing_twice(service: Service, receivers: Receivers) -> None:
    event = open_event(service)
    hook = subscribe(event, receivers.url("/ok"))
    event.admit(*range(40))
    wait_until(lambda: receivers.got, "the first arrive")
    service.stop_part("deliver-1")
    service.heal()
    wait_until(lambda: states(hook) == ["delivered"] * 40, "all is delivered")
    assert len(hook.log()) == len({got.id for got in receivers.got}) == len(receivers.got) == 40
    assert "cannot go on" not in service.log("deliver-1")


def test_an_endpoint_that_hangs_delays_no_other(service: Service, receivers: Receivers) -> None:
    event = open_event(service, capacity=500)
    hanging, healthy = subscribe(event, receivers.url("/hang")), subscribe(event, receivers.url("/ok"))
    # The messages come together: 60 registrations one by one take longer on a slow machine than a request may hang.
    with service.frozen("deliver-1"):
        tickets = event.admit(*range(60))
        event.all_decided(tickets)
    wait_until(lambda: len(receivers.at("/ok")) == 60, "the healthy one has all")
    assert {row["attempts"] for row in hanging.log()} == {0}, "not even its first request had to end for that"
    assert set(event.statuses(tickets)) == {"confirmed"}
    wait_until(lambda: any(row["last_error"] == "timeout" for row in hanging.log()), "its time is over")
    assert states(healthy) == ["delivered"] * 60
    hanging.call("DELETE")


def test_what_fails_is_tried_again_when_it_is_time(service: Service, receivers: Receivers) -> None:
    event = open_event(service)
    flaky = subscribe(event, receivers.url("/flaky/1"))
    later = subscribe(event, receivers.url("/later/503/3600"))
    moved = subscribe(event, receivers.url("/redirect"))
    event.admit("one")
    wait_until(lambda: states(flaky) == ["delivered"], "the second attempt comes")
    first, second = receivers.at("/flaky/1")
    assert second.at - first.at >= 5
    assert (first.id, first.body) == (second.id, second.body)
    assert second.headers["webhook-timestamp"] >= first.headers["webhook-timestamp"]
    second.verify(flaky.secret)
    wait_until(lambda: all(hook.log()[0]["attempts"] for hook in (later, moved)), "the others are recorded")
    [asked] = later.log()
    assert (asked["state"], asked["attempts"], asked["last_status_code"]) == ("pending", 1, 503)
    [redirected] = moved.log()
    assert (redirected["last_status_code"], redirected["last_error"]) == (302, "redirect")
    assert receivers.at("/ok") == []
    for hook in (later, moved):
        hook.call("DELETE")


def test_gone_switches_a_subscription_off(service: Service, receivers: Receivers) -> None:
    event = open_event(service)
    hook = subscribe(event, receivers.url("/status/410"))
    event.admit("one")
    wait_until(lambda: not hook.now()["enabled"], "it is switched off")
    assert hook.now()["disabled_reason"] == "gone"
    assert hook.log()[0]["state"] == "dead"
    event.admit("other")
    wait_until(lambda: event.queued() == 0, "that is decided")
    assert len(receivers.got) == 1


def test_a_dead_delivery_can_be_sent_again_and_a_test_message_too(service: Service, receivers: Receivers) -> None:
    event = open_event(service)
    hook = subscribe(event, receivers.url("/status/410"))
    event.admit("one")
    wait_until(lambda: not hook.now()["enabled"], "it is switched off")
    hook.call("PATCH", "", {"url": receivers.url("/ok"), "enabled": True})
    [dead] = hook.log()
    assert hook.call("POST", f"/deliveries/{dead['id']}/retry").status == 202
    assert hook.call("POST", "/test").status == 202
    wait_until(lambda: len(receivers.at("/ok")) == 2, "both arrive")
    # Two at once may arrive in any order.
    assert dead["message_id"] in {got.id for got in receivers.at("/ok")}
    assert {got.message["type"] for got in receivers.at("/ok")} == {"registration.confirmed", "webhook.test"}
    wait_until(lambda: states(hook) == ["delivered"] * 2, "and are recorded")
    replayed = hook.call("POST", "/replay", {"since": "2026-01-01T00:00:00+00:00"})
    assert replayed.data == {"replayed": 2}
    wait_until(lambda: len(receivers.at("/ok")) == 4, "both arrive again")
    assert set(Counter(got.id for got in receivers.at("/ok")).values()) == {2}


def test_while_a_secret_rotates_messages_verify_under_both(service: Service, receivers: Receivers) -> None:
    event = open_event(service)
    hook = subscribe(event, receivers.url("/ok"))
    new = hook.call("POST", "/rotate-secret").data["secret"]
    event.admit("one")
    wait_until(lambda: receivers.got, "the message arrives")
    for secret in (hook.secret, new):
        receivers.got[0].verify(secret)


def test_a_callback_gets_its_own_tickets_messages(service: Service, receivers: Receivers) -> None:
    event = open_event(service)
    default = default_secret(service)
    token = {"Authorization": f"Bearer {service.token()}"}
    body = {"name": "Guest", "email": "guest@example.com", "callback_url": receivers.url("/callback?order=17")}
    ticket = service.address.post(f"{event.path}/register", body, token).data["ticket_id"]
    event.admit("other")
    wait_until(lambda: receivers.got, "the decision arrives")
    assert service.address.ask("DELETE", f"/registrations/{ticket}").status == 202
    wait_until(lambda: len(receivers.got) == 2, "the cancellation arrives")
    assert told(receivers.got) == [(ticket, "confirmed"), (ticket, "cancelled")]
    assert {got.path for got in receivers.got} == {"/callback?order=17"}
    for got in receivers.got:
        got.verify(default.secret)
    assert [row["url"] for row in default.log()][-2:] == [body["callback_url"]] * 2


@pytest.mark.usefixtures("service")
def test_a_callback_needs_a_token_and_an_address(one_service: Service) -> None:
    event = open_event(one_service)
    refused = event.register("refused", callback_url="https://example.org/")
    assert refused.refusal == (400, "invalid")
    assert list(refused.json["errors"]) == ["callback_url"]
    for url in ("ftp://example.org/", "http://2130706433/", 7):
        body = {"name": "", "email": "guest@example.com", "callback_url": url}
        answer = organizer_calls(one_service, "POST", f"{event.path}/register", body)
        assert set(answer.json["errors"]) == {"name", "callback_url"}
    assert event.register("guest", callback_url=None).status == 202
