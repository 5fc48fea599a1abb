"""What an event says of itself beyond its name: its description and the venue's time zone."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import redis

from events.admission.keys import event_keys
from events.door.loader import DatabaseUnavailable
from events.models import Event
from omnify.loader import LedgerLoader
from tests.support.in_process.api import ANYONE, Caller, create, organizer
from tests.support.in_process.door import NoLoader, visit
from tests.support.in_process.pages import Browser, browse
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)

TEXT = "# Programme\n\n*Two* sets."


class NoDatabase(NoLoader):
    """The ledger is out of reach."""

    async def load_event(self, event_id: int) -> bool:
        raise DatabaseUnavailable


def shown(servers: Services, event_id: int, loader: Any) -> Any:
    """What the door shows of the event."""

    async def play(visitor: Any) -> Any:
        return (await visitor.ask("GET", f"/events/{event_id}"))[2]["data"]

    return visit(servers, play, loader=loader)


def patch(caller: Caller, event_id: int, **changes: Any) -> Any:
    return caller.patch(f"/events/{event_id}", changes).json()


def test_an_event_has_no_description_and_is_in_utc_unless_told() -> None:
    caller = organizer()
    data = caller.get(f"/events/{create(caller)}").json()["data"]
    assert (data["timezone"], data["description"]) == ("UTC", "")


def test_the_door_shows_a_description_without_the_database(servers: Services) -> None:
    caller = organizer()
    event_id = create(caller, description=TEXT, timezone="Europe/Paris")
    data = shown(servers, event_id, NoDatabase())
    assert (data["timezone"], data["description"]) == ("Europe/Paris", TEXT)
    patch(caller, event_id, description="Other")
    assert shown(servers, event_id, NoDatabase())["description"] == "Other"
    patch(caller, event_id, description="")
    assert shown(servers, event_id, NoDatabase())["description"] == ""


def test_what_admission_reads_holds_no_description(redis_client: redis.Redis) -> None:
    event_id = create(organizer(), description=TEXT)
    keys = event_keys(event_id)
    assert not [value for value in redis_client.hvals(keys.state) if b"Programme" in value]
    assert b"Programme" in (redis_client.get(keys.page) or b"")


def test_a_description_that_redis_has_lost_is_loaded_from_the_ledger(
    servers: Services, redis_client: redis.Redis
) -> None:
    event_id = create(organizer(), description=TEXT)
    for stored in (None, "7|of another row"):
        redis_client.delete(event_keys(event_id).page)
        if stored:
            redis_client.set(event_keys(event_id).page, stored, ex=60)
        loader = LedgerLoader(redis_client)
        assert shown(servers, event_id, loader)["description"] == TEXT


def test_an_event_whose_description_cannot_be_loaded_is_shown_without_it(
    servers: Services, redis_client: redis.Redis
) -> None:
    event_id = create(organizer(), name="Evening", description=TEXT)
    redis_client.delete(event_keys(event_id).page)
    data = shown(servers, event_id, NoDatabase())
    assert (data["name"], data["description"]) == ("Evening", "")


def test_a_list_leaves_descriptions_out() -> None:
    create(organizer(), description=TEXT)
    [listed] = ANYONE.get("/events").json()["data"]["results"]
    assert "description" not in listed
    assert listed["timezone"] == "UTC"


def test_only_another_description_is_a_change() -> None:
    caller = organizer()
    event_id = create(caller, description=TEXT)
    answers = [patch(caller, event_id, description=text)["data"] for text in (TEXT, "Other", "Other")]
    assert [answer["revision"] for answer in answers] == [0, 1, 1]
    assert patch(caller, event_id, timezone="Asia/Tokyo")["data"]["revision"] == 2


def test_a_copy_has_both() -> None:
    caller = organizer()
    event_id = create(caller, description=TEXT, timezone="Asia/Tokyo")
    copy = caller.post(f"/events/{event_id}/duplicate", {}).json()["data"]
    assert (copy["description"], copy["timezone"]) == (TEXT, "Asia/Tokyo")


def test_a_deleted_event_leaves_no_description(redis_client: redis.Redis) -> None:
    caller = organizer()
    event_id = create(caller, description=TEXT)
    assert caller.send("DELETE", f"/events/{event_id}").status_code == 200
    assert redis_client.get(event_keys(event_id).page) is None
    assert not Event.objects.filter(pk=event_id).exists()


def test_the_page_has_the_description_and_says_when_it_is_at_the_venue(servers: Services) -> None:
    nasty = f"{TEXT} <script>alert(1)</script>"
    times = {"start_time": "2099-07-01T16:00:00Z", "end_time": "2099-07-01T19:00:00Z"}
    event_id = create(organizer(), name="Evening", description=nasty, timezone="Europe/Paris", **times)

    async def scene(browser: Browser) -> str:
        page = await browser.get(f"/e/{event_id}")
        assert page.status == 200
        return page.text

    text = browse(servers, scene, loader=NoDatabase())
    assert "<h3>Programme</h3>\n<p><em>Two</em> sets. &lt;script&gt;" in text
    assert "18:00 to 21:00 (Europe/Paris, UTC+02:00)" in text
    assert '<meta name="description" content="Programme Two sets. &lt;script&gt;alert(1)&lt;/script&gt;">' in text
    [block] = re.findall(r'<script type="application/ld\+json">([^<]*)</script>', text)
    assert json.loads(block)["startDate"] == "2099-07-01T18:00:00+02:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Europe/Atlantis"),
        ("timezone", "europe/paris"),
        ("timezone", "../etc/passwd"),
        ("timezone", ""),
        ("timezone", None),
        ("timezone", 1),
        ("description", "x" * 10_001),
        ("description", "a\0b"),
        ("description", "\u202eturned round"),
        ("description", None),
        ("description", ["a"]),
    ],
)
def test_what_cannot_be_shown_is_refused_by_its_field(field: str, value: Any) -> None:
    caller = organizer()
    assert list(patch(caller, create(caller), **{field: value})["errors"]) == [field]


def test_lines_end_in_one_way_and_the_longest_description_fits() -> None:
    caller = organizer()
    event_id = create(caller, description="\na\r\nb\rc\n\n")
    assert caller.get(f"/events/{event_id}").json()["data"]["description"] == "a\nb\nc"
    assert len(patch(caller, event_id, description="\U0001f39f" * 10_000)["data"]["description"]) == 10_000
