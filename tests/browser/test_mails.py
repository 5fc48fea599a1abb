"""The console's screen of mails: what was sent about one ticket, and whether mail keeps up."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sign_in

WRITE = (
    "INSERT INTO events_mail (event_id, ticket_key, kind, created_at, next_attempt_at, state, last_attempt_at,"
    " last_error, claimed_until) VALUES (%s, %s, %s, now(), now() - interval '5 minutes', %s, now(), %s,"
    " now() + interval '1 hour')"
)


def test_an_organizer_sees_what_was_mailed_to_a_guest_what_bounced_and_that_mail_is_late(
    service: Service, visitors: Visitors
) -> None:
    event = open_event(service)
    event.all_decided([event.register("Guest 1", email="guest1@example.org").data["ticket_id"]])
    [(key,)] = service.rows("SELECT ticket_key FROM events_registration WHERE event_id = %s", event.id)
    for written in (("confirmed", "sent", ""), ("reminder", "bounced", "recipient")):
        service.write(WRITE, event.id, key, *written)
    page = visitors.come(phone=False)
    sign_in(page, service.token())
    page.goto(f"/console/events/{event.id}/mails")
    rows = page.locator("#rows tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Refused: the address is refused")
    expect(page.locator("#late")).to_be_hidden()
    expect(page.get_by_text("This service sends no mail")).to_be_visible()
    service.write(WRITE, event.id, key, "event_changed", "pending", "")
    page.goto(f"/console/events/{event.id}/attendees")
    page.get_by_role("link", name="Mails about the ticket of").click()
    expect(rows).to_have_count(3)
    expect(rows.last).to_contain_text(re.compile("Confirmed.*Sent at"))
    expect(page.locator("#late")).to_contain_text("has waited for 5 minutes")
    page.get_by_label("Show").select_option("pending")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Event changed")
    service.write("DELETE FROM events_mail WHERE event_id = %s", event.id)
