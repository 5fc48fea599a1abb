"""Drafts, which only their organizer sees, and unlisted events: in the API, at the door and on the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from events.domain.scopes import Grant, Scope
from events.models import Event, OrganizerToken
from tests.support.in_process.api import ANYONE, Caller, create, organizer
from tests.support.in_process.console import signed_in
from tests.support.in_process.door import NoLoader, Visitor, visit
from tests.support.in_process.pages import Browser, EmptyLedger, browse, registered
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
ABSENT = 999_999


class Grants(NoLoader):
    """Knows tokens, and no other event than those in Redis. A token is named after its organizer's id."""

    async def load_event(self, event_id: int) -> bool:
        return False

    async def find_grant(self, token_hash: str) -> Any:
        return self.grants.get(token_hash)

    def __init__(self, *organizers: int) -> None:
        from events.domain.tokens import hash_token

        self.grants = {hash_token(f"omn_{own}"): Grant(own, Scope.FULL, 0) for own in organizers}


def names(path: str, caller: Caller = ANYONE) -> list[str]:
    return sorted(event["name"] for event in caller.get(path).json()["data"]["results"])


def test_only_public_events_are_in_the_list_and_all_in_their_organizers_own() -> None:
    owner = organizer()
    for visibility in ("public", "unlisted", "draft"):
        create(owner, name=visibility, visibility=visibility)
    create(organizer("other"), name="other", visibility="draft")
    assert names("/events") == ["public"]
    assert names("/events", owner) == ["public"]
    assert names("/events?search=draft") == []
    assert names("/events?mine=true", owner) == ["draft", "public", "unlisted"]


def test_an_event_is_public_unless_told_and_a_bad_visibility_is_named() -> None:
    caller = organizer()
    event_id = create(caller)
    assert caller.patch(f"/events/{event_id}", {"visibility": "secret"}).json()["errors"]["visibility"]
    shown = caller.patch(f"/events/{event_id}", {"name": "B"}).json()["data"]
    assert shown["visibility"] == "public"
    assert caller.patch(f"/events/{event_id}", {"visibility": "draft"}).json()["data"]["visibility"] == "draft"


def test_a_draft_is_shown_to_its_organizer_alone() -> None:
    owner = organizer()
    event_id = create(owner, visibility="draft")
    path = f"/events/{event_id}"
    answer = owner.get(path)
    assert (answer.status_code, answer.json()["data"]["visibility"]) == (200, "draft")
    assert answer["Cache-Control"] == "no-store"
    assert signed_in(owner).get(path).status_code == 200
    missing = ANYONE.get(f"/events/{ABSENT}")
    for caller in (ANYONE, organizer("other"), Caller(token="omn_wrong")):
        refused = caller.get(path)
        assert (refused.status_code, refused.content) == (404, missing.content)


def test_a_token_for_another_event_does_not_reach_a_draft() -> None:
    owner = organizer()
    draft, other = create(owner, visibility="draft"), create(owner)
    assert owner.organizer
    for event_id, status in ((draft, 200), (other, 404)):
        token = OrganizerToken.issue(owner.organizer, scope=Scope.CHECK_IN, event_id=event_id)
        assert Caller(owner.organizer, token).get(f"/events/{draft}").status_code == status


@pytest.mark.usefixtures("both_ways")
def test_the_door_answers_for_a_draft_as_for_no_event_at_all(make_event: Make, servers: Services) -> None:
    """From Redis alone: the loader knows nothing. Nothing is counted either, so no header differs."""
    from events.domain.rate_limit import RateLimit

    event = make_event(visibility="draft")
    loader = Grants(event.organizer_id, event.organizer_id + 1)

    async def scene(visitor: Visitor) -> None:
        for number, headers in enumerate(
            ({}, {"idempotency_key": "k1"}, {"authorization": f"Bearer omn_{event.organizer_id + 1}"})
        ):
            answers = [await visitor.register(one, number, **headers) for one in (event.pk, ABSENT)]
            assert answers[0] == answers[1]
            assert answers[0][0] == 404
        shown = [await visitor.ask("GET", f"/events/{one}") for one in (event.pk, ABSENT)]
        assert shown[0] == shown[1]
        assert shown[0][2]["code"] == "event_not_found"
        assert visitor.woken == []

    visit(servers, scene, loader=loader, limit=RateLimit(5, 60))


@pytest.mark.usefixtures("both_ways")
def test_the_organizer_may_register_for_a_draft(make_event: Make, servers: Services) -> None:
    event = make_event(visibility="draft")
    loader = Grants(event.organizer_id)

    async def scene(visitor: Visitor) -> None:
        own = {"authorization": f"Bearer omn_{event.organizer_id}"}
        status, _, _ = await visitor.register(event.pk, 1, **own)
        assert status == 202

    visit(servers, scene, loader=loader)


@pytest.mark.parametrize("header", ["authorization", "cookie"])
def test_the_door_passes_on_only_who_may_be_the_organizer_of_a_draft(
    make_event: Make, servers: Services, header: str
) -> None:
    """And with them those who ask for no event at all: the time of the answer would tell one from the other."""
    draft, public = make_event(visibility="draft"), make_event(visibility="unlisted")

    async def scene(visitor: Visitor) -> None:
        assert (await visitor.ask("GET", f"/events/{public.pk}", **{header: "x"}))[0] == 200
        for hidden in (draft.pk, ABSENT):
            with pytest.raises(AssertionError, match="passed it on"):
                await visitor.ask("GET", f"/events/{hidden}", **{header: "x"})

    visit(servers, scene, loader=Grants())


def test_a_draft_that_is_published_can_be_registered_for_at_once(servers: Services) -> None:
    owner = organizer()
    event_id = create(owner, visibility="draft")

    async def register(visitor: Visitor) -> int:
        return (await visitor.register(event_id, 1))[0]

    assert visit(servers, register) == 404
    owner.patch(f"/events/{event_id}", {"visibility": "unlisted"})
    assert visit(servers, register) == 202


def test_the_page_of_a_draft_is_not_found_and_those_of_its_tickets_stay(make_event: Make, servers: Services) -> None:
    """Who has a ticket shows its code at the entrance, whatever strangers may see of the event."""
    event = make_event()

    async def enter(browser: Browser) -> str:
        return await registered(browser, event)

    ticket = browse(servers, enter)
    Event.objects.filter(pk=event.pk).update(visibility="draft", version=2)
    _publish(event)

    async def scene(browser: Browser) -> None:
        assert (await browser.get(f"/e/{event.pk}")).status == 404
        assert event.name in (await browser.get(ticket)).text
        assert event.name in (await browser.get(f"{ticket}/event.ics")).text
        form = await browser.fill_in(f"/e/{event.pk}", name="Guest 1", email="guest1@example.org", key="a" * 16)
        assert form.status == 404

    browse(servers, scene)


def test_an_unlisted_event_asks_search_engines_to_leave_it_out(make_event: Make, servers: Services) -> None:
    public, unlisted = make_event(), make_event(visibility="unlisted")

    async def scene(browser: Browser) -> None:
        pages = [(await browser.get(f"/e/{event.pk}")).text for event in (public, unlisted)]
        assert ["noindex" in page for page in pages] == [False, True]

    browse(servers, scene, loader=EmptyLedger())


def test_the_organizer_looks_at_the_page_of_a_draft_and_no_browser_keeps_it(
    make_event: Make, servers: Services
) -> None:
    """The page passes the browser's cookies on; here the answer to them is the API's."""
    owner = organizer()
    event_id = create(owner, visibility="draft")
    session = signed_in(owner)
    asked: list[Any] = []

    async def service(scope: Any, receive: Any, send: Any) -> None:
        from asgiref.sync import sync_to_async

        asked.append([name for name, _ in scope["headers"]])
        answer = await sync_to_async(session.get)(scope["path"])
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": answer.content})

    async def scene(visitor: Visitor) -> None:
        shown = await Browser(service).get(f"/e/{event_id}", cookie="sessionid=x", accept="text/html")
        assert shown.status == 200
        assert "only you see this page" in shown.text
        assert shown.headers["cache-control"] == "no-store"

    visit(servers, scene)
    assert asked == [[b"cookie"]]


def _publish(event: Event) -> None:
    from events.services.publish_event import publish_after_commit

    event.refresh_from_db()
    publish_after_commit(event)
