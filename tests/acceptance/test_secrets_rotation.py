"""A service whose SECRET_KEY is changed while there are tickets and webhooks. The tests behind this one run under the
new secret, with the old one as its fallback."""

from __future__ import annotations

import pytest

from tests.support.service.event import open_event
from tests.support.service.parts import SECRET
from tests.support.service.processes import Service
from tests.support.service.webhooks import organizer_calls, subscribe
from tests.support.waiting import wait_until
from tests.support.webhook_receivers import Receivers

pytestmark = pytest.mark.acceptance

NEW = "only-for-tests-" + "n" * 40


@pytest.mark.soak(only=True)
def test_a_changed_secret_costs_no_ticket_no_retry_and_no_message(service: Service) -> None:
    event = open_event(service, capacity=2, waitlist_capacity=5)
    with Receivers() as receivers:
        hook = subscribe(event, receivers.url("/ok"))
        first = event.register(1, key="first").data["ticket_id"]
        tickets = [first, *event.admit(2, 3)]
        wait_until(lambda: len(receivers.got) == 3, "the decisions arrive")
        before = [event.ticket(ticket) for ticket in tickets]
        service.set(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=SECRET)

        assert [event.ticket(ticket) for ticket in tickets] == before
        assert event.register(1, key="first").data["ticket_id"] == first
        assert event.register(9, key="first").refusal == (422, "idempotency_key_reused")
        assert event.register(1).refusal == (409, "duplicate_registration")
        [fourth] = event.admit(4)
        # A guest who waited under the old secret moves up, and is told of under the old id.
        assert service.address.ask("DELETE", f"/registrations/{first}").status == 202
        wait_until(lambda: len(receivers.got) == 6, "one more waits, one has left, and one has moved up")
        told = [(got.message["data"]["ticket_id"], got.message["data"]["status"]) for got in receivers.got[3:]]
        assert sorted(told) == sorted([(fourth, "waitlisted"), (first, "cancelled"), (tickets[2], "confirmed")])
        assert event.register(1).status == 202
        listed = organizer_calls(service, "GET", f"{event.path}/attendees").data["results"]
        assert [row["ticket_id"] for row in listed] == tickets[1:]

        done = service.manage("reseal")
        assert done.returncode == 0, done.stderr
        assert hook.call("POST", "/replay", {"since": "2020-01-01T00:00:00+00:00"}).status in (200, 202)
        wait_until(lambda: len(receivers.got) == 14, "all seven come twice")
        for got in receivers.got:
            got.verify(hook.secret)
        assert len({got.id for got in receivers.got}) == 7
