"""What a token reaches: its scope, its event, its time. Walks every route: a new one is refused until it says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.views import APIView

from events.api.permissions import ScopeReaches, scopes_of
from events.api.views.base import ApiView
from events.domain.scopes import ONLY_FULL, Scope
from events.models import OrganizerToken, Registration
from events.secrets import tickets
from omnify.common.envelope import Code
from tests.support.in_process.api import ANYONE, Caller, attend, create, organizer
from tests.support.routes import methods, routes

pytestmark = pytest.mark.django_db(transaction=True)

PUBLIC = {
    ("/events", "GET"),
    ("/events/1", "GET"),
    ("/events/1/register", "POST"),
    ("/events/1/resend", "POST"),
    ("/events/1/log/checkpoint", "GET"),
    ("/events/1/log/key", "GET"),
    ("/events/1/log/tile/1", "GET"),
    ("/events/1/log/1/checkpoint", "GET"),
    ("/events/1/log/1/key", "GET"),
    ("/events/1/log/1/tile/1", "GET"),
    ("/registrations/1", "GET"),
    ("/registrations/1/proof", "GET"),
    ("/registrations/1", "DELETE"),
    ("/registrations/1/events", "GET"),
    ("/registrations/1/confirm", "POST"),
    ("/mail/opt-out/1", "GET"),
    ("/mail/opt-out/1", "POST"),
    ("/health/live", "GET"),
    ("/health/door", "GET"),
    ("/health/ready", "GET"),
    ("/metrics", "GET"),
    ("/schema", "GET"),
    ("/.well-known/security.txt", "GET"),
}
READ = {
    ("/events/1/attendees", "GET"),
    ("/events/1/stats", "GET"),
    ("/events/1/codes", "GET"),
    ("/events/1/mails", "GET"),
    ("/events/1/mail-status", "GET"),
    ("/webhooks", "GET"),
    ("/webhooks/1", "GET"),
    ("/webhooks/1/deliveries", "GET"),
    ("/audit", "GET"),
    ("/log", "GET"),
}
ENTRANCE = {
    ("/events/1/attendees", "GET"),
    ("/events/1/check-ins", "POST"),
    ("/events/1/check-ins/offline", "GET"),
    ("/events/1/check-ins/1", "DELETE"),
    ("/registrations/1/check-in", "POST"),
}


def api_routes() -> list[tuple[str, str, Any]]:
    found = [(route.path, route.view) for route in routes() if route.view and issubclass(route.view, ApiView)]
    return [(path, method, view) for path, view in found for method in methods(view)]


def with_scope(caller: Caller, scope: Scope, event_id: int | None = None, **fields: Any) -> Caller:
    assert caller.organizer
    return Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=scope, event_id=event_id, **fields))


def refused(answer: Any) -> bool:
    return bool(answer.status_code == 403 and answer.json()["code"] == Code.FORBIDDEN)


def test_exactly_these_routes_are_reached_without_a_token_and_by_the_smaller_scopes() -> None:
    reached: dict[str, set[tuple[str, str]]] = {"": set(), Scope.READ: set(), Scope.CHECK_IN: set()}
    for path, method, view in api_routes():
        scopes = scopes_of(view, method)
        for scope in (Scope.READ, Scope.CHECK_IN):
            if scope in scopes:
                reached[scope].add((path, method))
        if not scopes:
            reached[""].add((path, method))
    assert reached == {"": PUBLIC, Scope.READ: READ, Scope.CHECK_IN: ENTRANCE}


def test_every_route_refuses_the_scopes_that_do_not_reach_it() -> None:
    caller = organizer()
    for scope, allowed in ((Scope.READ, READ), (Scope.CHECK_IN, ENTRANCE)):
        token = with_scope(caller, scope)
        for path, method, _ in api_routes():
            if (path, method) not in PUBLIC:
                answer = token.send(method, path, None if method in ("GET", "DELETE") else {})
                assert refused(answer) is ((path, method) not in allowed), (scope, method, path, answer.content)
                for same in (method, "HEAD") if method == "GET" else (method,):
                    assert ANYONE.send(same, path).status_code == 401, (same, path)


def test_a_view_that_says_nothing_is_for_full_tokens_alone() -> None:
    class New(ApiView):
        def get(self, request: Any) -> Any: ...

    class Foreign(APIView):
        def get(self, request: Any) -> Any: ...

    assert scopes_of(New, "GET") == scopes_of(Foreign, "GET") == ONLY_FULL
    assert New.permission_classes == Foreign.permission_classes == [ScopeReaches]


def test_another_organizers_things_stay_unknown_to_every_scope() -> None:
    theirs = create(organizer("other"))
    caller = organizer()
    for scope in Scope:
        assert with_scope(caller, scope).get(f"/events/{theirs}/attendees").status_code == 404, scope


def test_the_id_of_a_ticket_is_for_full_tokens_alone() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    full, read, entrance = (
        with_scope(caller, scope).get(f"/events/{event_id}/attendees").json()["data"]["results"][0] for scope in Scope
    )
    assert full["ticket_id"] == tickets().ticket_id(event_id=event_id, key=Registration.objects.get().ticket_key)
    assert read == {name: value for name, value in full.items() if name != "ticket_id"}
    shown = {"reference", "name", "quantity", "ticket_type", "checked_in_at", "checked_in_quantity"}
    assert set(entrance) == shown, "with the number a group of which some are in is told from one that is in"
    assert entrance["name"] == full["name"]


def test_the_entrance_can_not_find_addresses_by_searching_nor_take_the_list_away() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    entrance = with_scope(caller, Scope.CHECK_IN)
    for search, found in (("Name 1", 1), ("confirmed1@", 0)):
        page = entrance.get(f"/events/{event_id}/attendees?search={search}").json()["data"]
        assert (page["total_items"], len(page["results"])) == (found, found), search
    for query in ("format=csv", "status=waitlisted"):
        assert refused(entrance.get(f"/events/{event_id}/attendees?{query}")), query


def test_a_token_for_one_event_reaches_no_other() -> None:
    caller = organizer()
    mine, other = create(caller), create(caller)
    for event_id in (mine, other):
        attend(event_id, 1)
    entrance = with_scope(caller, Scope.CHECK_IN, mine)
    assert entrance.get(f"/events/{mine}/attendees").status_code == 200
    assert refused(entrance.get(f"/events/{other}/attendees"))
    listed = entrance.get("/events?mine=true").json()["data"]
    assert [event["id"] for event in listed["results"]] == [mine]
    for event_id, status in ((mine, 200), (other, 403)):
        key = Registration.objects.get(event_id=event_id).ticket_key
        ticket = tickets().ticket_id(event_id=event_id, key=key)
        answer = entrance.post(f"/registrations/{ticket}/check-in")
        assert answer.status_code == status, answer.content
        assert "ticket_id" not in str(answer.content)


def test_only_a_token_for_check_ins_can_be_for_one_event() -> None:
    caller = organizer()
    event_id = create(caller)
    with pytest.raises(IntegrityError), transaction.atomic():
        with_scope(caller, Scope.READ, event_id)


def test_a_reader_sees_neither_ticket_ids_nor_whole_addresses_of_webhooks() -> None:
    caller = organizer()
    sent = {"url": "https://8.8.8.8/hooks/capability?key=1", "event_types": ["event.sold_out"]}
    made = caller.post("/webhooks", sent).json()["data"]
    caller.post(f"/webhooks/{made['id']}/test")
    read = with_scope(caller, Scope.READ)
    for path in ("/webhooks", f"/webhooks/{made['id']}", f"/webhooks/{made['id']}/deliveries"):
        answer = read.get(path)
        assert answer.status_code == 200
        for secret in (b"capability", b"ticket_id", made["secret"].encode()):
            assert secret not in answer.content, path
    assert read.get("/webhooks").json()["data"]["results"][0]["url"] == "https://8.8.8.8/…"
    assert caller.get("/webhooks").json()["data"]["results"][0]["url"] == sent["url"]


def test_a_token_that_has_expired_no_longer_counts() -> None:
    caller = organizer()
    soon = with_scope(caller, Scope.FULL, expires_at=timezone.now() + timedelta(hours=1))
    assert soon.get("/webhooks").status_code == 200
    OrganizerToken.objects.filter(pk=OrganizerToken.objects.latest("pk").pk).update(expires_at=timezone.now())
    answer = soon.get("/webhooks")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_the_last_use_is_written_down_at_most_once_a_minute(django_assert_num_queries: Any) -> None:
    caller = organizer()
    caller.get("/webhooks")
    row = OrganizerToken.objects.get()
    first = row.last_used_at
    assert first is not None
    with django_assert_num_queries(1):
        caller.get("/events/0/stats")
    row.refresh_from_db()
    assert row.last_used_at == first
    OrganizerToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    caller.get("/webhooks")
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.last_used_at >= first
