"""Times that an organizer enters, in the hours that clocks leave out or show twice."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.visitors import Visitors, sign_in

# Times of a year, as an input would say them, beside what the browser's own clock shows of them: every quarter of an
# hour of the days around a change of clocks, and elsewhere a time every three hours, each day another one.
YEAR = """async base => {
  const { momentsOf, shownAt } = await import(`${base}local_time.js`);
  const found = { none: 0, two: 0, wrong: [] };
  const minute = 60000, days = 2 * 24 * 60 * minute;
  const offset = (at) => new Date(at).getTimezoneOffset();
  const step = (at) => (offset(at - days) === offset(at + days) ? 195 : 15) * minute;
  for (let at = Date.UTC(2027, 0, 1); at < Date.UTC(2028, 0, 1); at += step(at)) {
    const text = new Date(at).toISOString().slice(0, 16);
    const moments = momentsOf(text);
    if (moments.length === 0) found.none += 15;
    if (moments.length === 2) found.two += 15;
    if (moments.some((moment) => shownAt(moment).slice(0, 16) !== text)) found.wrong.push(text);
    if (!momentsOf(shownAt(at).slice(0, 16)).includes(at)) found.wrong.push(at);
  }
  return found;
}"""


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [("Europe/Berlin", 60), ("America/New_York", 60), ("Australia/Lord_Howe", 30), ("Asia/Tokyo", 0), ("UTC", 0)],
)
@pytest.mark.soak(only=True)
def test_exactly_what_clocks_leave_out_does_not_exist_and_what_they_repeat_is_two(
    service: Service, visitors: Visitors, zone: str, minutes: int
) -> None:
    event = open_event(service)
    page = visitors.come(timezone_id=zone)
    page.goto(f"/e/{event.id}")
    base = page.locator("script[src]").first.get_attribute("src")
    assert base
    found: dict[str, Any] = page.evaluate(YEAR, base.removesuffix("event.js"))
    assert found == {"none": minutes, "two": minutes, "wrong": []}


def form(service: Service, visitors: Visitors, zone: str) -> Page:
    page = visitors.come(phone=False, timezone_id=zone)
    sign_in(page, service.token())
    page.goto("/console/events/new")
    page.get_by_label("Name").fill("Gala")
    page.get_by_label("Where").fill("Hall")
    page.get_by_label("Seats", exact=True).fill("3")
    return page


@pytest.mark.soak(only=True)
def test_a_time_that_does_not_exist_is_refused_and_one_that_comes_twice_is_asked_about(
    service: Service, visitors: Visitors
) -> None:
    page = form(service, visitors, "Europe/Berlin")
    start, end = page.get_by_label("Start"), page.get_by_label("End", exact=True)
    save = page.get_by_role("button", name="Create the event")
    start.fill("2027-03-28T02:30")
    end.fill("2027-10-31T02:30")
    save.click()
    expect(page.get_by_text("This time does not exist")).to_contain_text("Did you mean 03:30?")
    expect(page.get_by_text("Clocks show this time twice")).to_be_visible()
    start.fill("2027-03-28T03:30")
    which = page.locator(".field", has=page.locator("#end_time")).get_by_label("Which of the two")
    expect(which.locator("option")).to_have_text(["Which of the two?", "The first: UTC+02:00", "The second: UTC+01:00"])
    which.select_option(label="The second: UTC+01:00")
    save.click()
    page.wait_for_url(re.compile(r"/console/events/\d+$"))
    event = page.url.rpartition("/")[2]
    assert times(service, event) == ("2027-03-28 01:30", "2027-10-31 01:30")
    page.goto(f"/console/events/{event}/edit")
    expect(which).to_have_value(re.compile(r"^\d+$"))
    page.get_by_label("Name").fill("Gala 2")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("Saved.")
    assert times(service, event) == ("2027-03-28 01:30", "2027-10-31 01:30")
    which.select_option(label="The first: UTC+02:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("Saved.")
    assert times(service, event) == ("2027-03-28 01:30", "2027-10-31 00:30")
    # The two ends of a span over the change say their zones.
    expect(page.locator("#about")).to_contain_text(re.compile(r"03:30 \S+ – .*02:30 \S+"))


def times(service: Service, event: str) -> tuple[str, str]:
    query = "SELECT start_time, end_time FROM events_event WHERE id = %s"
    start, end = service.rows(query, int(event))[0]
    return f"{start:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}"


def test_half_an_hour_of_lord_howe_is_left_out(service: Service, visitors: Visitors) -> None:
    page = form(service, visitors, "Australia/Lord_Howe")
    page.get_by_label("Start").fill("2027-10-03T02:15")
    page.get_by_label("End", exact=True).fill("2027-10-03T06:00")
    page.get_by_role("button", name="Create the event").click()
    expect(page.get_by_text("This time does not exist")).to_contain_text("Did you mean 02:45?")


def test_every_place_that_asks_for_a_time_asks_the_same_way(service: Service, visitors: Visitors) -> None:
    page = form(service, visitors, "Europe/Berlin")
    page.goto("/console/tokens")
    page.get_by_label("Label").fill("door")
    page.get_by_label("Expires").fill("2027-03-28T02:30")
    page.get_by_role("button", name=re.compile("token", re.I)).last.click()
    expect(page.get_by_text("This time does not exist")).to_be_visible()
