"""`/webhooks`: an organizer's own subscriptions, what they may be, and secrets that are shown once."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from django.utils import timezone

from events.api.webhooks.serializers import LOOK_UP_SECONDS
from events.domain.webhooks.retry import FAILURES_TO_OPEN
from events.domain.webhooks.signing import signing_key
from events.domain.webhooks.url import read_networks
from events.models import Event, Webhook, WebhookEndpoint
from events.secrets import sealer
from tests.support.in_process.api import ANYONE, create, organizer
from tests.support.in_process.outbox import ALL, change, end, take, write
from tests.support.in_process.webhooks_api import URL, refusal, subscribe

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_secret_is_shown_once_and_stored_sealed() -> None:
    caller = organizer()
    made = subscribe(caller)
    assert len(signing_key(made["secret"])) == 32
    read = caller.get(f"/webhooks/{made['id']}").json()["data"]
    assert read == {name: value for name, value in made.items() if name != "secret"}
    assert "secret" not in caller.get("/webhooks").json()["data"]["results"][0]
    stored = Webhook.objects.get(pk=made["id"]).secret
    assert made["secret"] not in stored
    assert sealer().open(stored) == made["secret"]


def test_a_subscription_says_what_was_asked_for() -> None:
    caller = organizer()
    event_id = create(caller)
    made = subscribe(caller, event_id=event_id, event_types=["event.sold_out", "registration.confirmed"] * 2)
    assert made["event_id"] == event_id
    assert made["event_types"] == ["registration.confirmed", "event.sold_out"]
    assert (made["url"], made["enabled"], made["disabled_reason"], made["default_secret"]) == (URL, True, None, False)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        *(({"url": url}, "url") for url in ("http://127.0.0.1/", "http://[::1]:8000/", "http://localhost:8000/", 5)),
        *(({"url": url}, "url") for url in ("ftp://example.org/", "https://u:p@example.org/", "http://2130706433/")),
        *(({"url": url}, "url") for url in ("", None, "https://example.org:22/", "https://" + "a" * 2100)),
        *(({"event_types": types}, "event_types") for types in ([], ["x"], "registration.confirmed", None, [5])),
        *(({"event_id": value}, "event_id") for value in (0, -1, 10**9, 10**30, "7", True)),
    ],
)
def test_bad_fields_are_named(changes: dict[str, Any], field: str) -> None:
    body = {"url": URL, "event_types": ALL, "event_id": None, **changes}
    answer = organizer().post("/webhooks", body)
    assert refusal(answer) == (400, "invalid")
    assert list(answer.json()["errors"]) == [field]


def test_what_is_no_list_is_refused_without_the_names_of_types_of_ours() -> None:
    answer = organizer().post("/webhooks", {"url": URL, "event_types": "registration.confirmed", "event_id": None})
    assert answer.json()["errors"] == {"event_types": ["This must be a list."]}


def test_a_name_that_leads_inside_and_one_that_does_not_exist_are_refused_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the same words, and the first is not answered sooner than the second."""
    caller = organizer()
    waited: list[float] = []
    monkeypatch.setattr(
        "events.api.webhooks.serializers._wait_until", lambda moment: waited.append(moment - time.monotonic())
    )
    found = {"inside.example.org": ["8.8.8.8", "10.0.0.1"], "outside.example.org": ["8.8.8.8"], "gone.example.org": []}
    monkeypatch.setattr("events.api.webhooks.serializers.addresses", lambda target: found[target.host])
    for host in ("inside.example.org", "gone.example.org"):
        answer = caller.post("/webhooks", {"url": f"https://{host}/", "event_types": ALL})
        assert answer.json()["errors"] == {"url": ["The address is not a public one."]}
    assert len(waited) == 2
    assert min(waited) > LOOK_UP_SECONDS / 2
    subscribe(caller, url="https://outside.example.org/")
    assert len(waited) == 2


@pytest.mark.parametrize("host", ["valkey", "db.internal", "printer.local", "intranet.corp"])
def test_a_name_of_the_inside_is_refused_unseen(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setattr("events.api.webhooks.serializers.addresses", lambda target: pytest.fail("it was looked up"))
    answer = organizer().post("/webhooks", {"url": f"https://{host}/", "event_types": ALL})
    assert answer.json()["errors"] == {"url": ["The address is not a public one."]}


def test_what_the_operator_denies_is_refused_though_it_is_public(settings: Any) -> None:
    settings.ENV = replace(settings.ENV, webhook_deny=read_networks("8.8.8.0/24"))
    answer = organizer().post("/webhooks", {"url": URL, "event_types": ALL})
    assert answer.json()["errors"] == {"url": ["The address is not a public one."]}


def test_another_organizers_event_cannot_be_subscribed_to() -> None:
    event_id = create(organizer("one"))
    answer = organizer("two").post("/webhooks", {"url": URL, "event_types": ALL, "event_id": event_id})
    assert answer.json()["errors"] == {"event_id": ["There is no such event."]}


ROUTES = [
    *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate-secret"), ("POST", "/test"), ("POST", "/replay")),
    *(("GET", "/deliveries"), ("POST", "/deliveries/1/retry")),
]


@pytest.mark.parametrize(("method", "rest"), ROUTES)
def test_another_organizers_webhook_cannot_be_seen_or_touched(method: str, rest: str) -> None:
    owner, other = organizer("owner"), organizer("other")
    made = subscribe(owner)
    path = f"/webhooks/{made['id']}{rest}"
    body = {} if method in ("POST", "PATCH") else None
    assert refusal(ANYONE.send(method, path, body)) == (401, "unauthenticated")
    assert refusal(other.send(method, path, body)) == (404, "webhook_not_found")
    assert refusal(owner.send(method, f"/webhooks/999{rest}", body)) == (404, "webhook_not_found")
    assert refusal(owner.send(method, f"/webhooks/x{rest}", body)) == (404, "webhook_not_found")
    assert Webhook.objects.get(pk=made["id"]).deleted_at is None


def test_the_list_is_the_organizers_own_page_by_page() -> None:
    caller = organizer("owner")
    ids = [subscribe(caller)["id"] for _ in range(3)]
    subscribe(organizer("other"))
    first = caller.get("/webhooks?page_size=2").json()["data"]
    assert ([row["id"] for row in first["results"]], first["total_items"]) == (ids[:2], 3)
    second = caller.get(first["next_page"]).json()["data"]
    assert ([row["id"] for row in second["results"]], second["next_page"]) == (ids[2:], None)
    assert refusal(caller.get("/webhooks?page=9")) == (404, "invalid_page")


def test_a_change_keeps_the_rest_and_a_new_url_begins_with_a_clean_slate() -> None:
    caller = organizer()
    made = subscribe(caller)
    WebhookEndpoint.objects.update(failures=50, trips=3, open_until=timezone.now(), failing_since=timezone.now())
    changed = caller.patch(f"/webhooks/{made['id']}", {"event_types": ["event.sold_out"]}).json()["data"]
    assert (changed["url"], changed["event_types"], changed["failing_since"] is None) == (
        URL,
        ["event.sold_out"],
        False,
    )
    changed = caller.patch(f"/webhooks/{made['id']}", {"url": f"{URL}/2"}).json()["data"]
    assert (changed["url"], changed["failing_since"]) == (f"{URL}/2", None)
    assert WebhookEndpoint.objects.get().failures == 0
    assert refusal(caller.patch(f"/webhooks/{made['id']}", {"url": "http://10.0.0.1/"})) == (400, "invalid")
    assert refusal(caller.patch(f"/webhooks/{made['id']}", {"enabled": "no"})) == (400, "invalid")


def test_switched_off_nothing_is_written_and_what_waited_goes_when_it_is_on_again() -> None:
    caller = organizer()
    made = subscribe(caller)
    event = Event.objects.get(pk=create(caller))
    write(event, change())
    off = caller.patch(f"/webhooks/{made['id']}", {"enabled": False}).json()["data"]
    assert (off["enabled"], off["disabled_reason"]) == (False, "by_hand")
    assert write(event, change()) == 0
    assert take() == []
    for path, body in (("/test", {}), ("/replay", {"since": "2026-01-01T00:00:00+00:00"})):
        assert refusal(caller.post(f"/webhooks/{made['id']}{path}", body)) == (409, "webhook_disabled")
    on = caller.patch(f"/webhooks/{made['id']}", {"enabled": True}).json()["data"]
    assert (on["enabled"], on["disabled_at"], on["disabled_reason"]) == (True, None, None)
    assert len(take()) == 1


def test_deleted_is_gone() -> None:
    caller = organizer()
    made = subscribe(caller)
    event = Event.objects.get(pk=create(caller))
    write(event, change())
    assert caller.send("DELETE", f"/webhooks/{made['id']}").status_code == 200
    assert refusal(caller.get(f"/webhooks/{made['id']}")) == (404, "webhook_not_found")
    assert take() == []
    assert caller.get("/webhooks").json()["data"]["results"] == []


def test_rotating_shows_a_new_secret_and_says_how_long_the_old_one_signs() -> None:
    caller = organizer()
    made = subscribe(caller)
    rotated = caller.post(f"/webhooks/{made['id']}/rotate-secret").json()["data"]
    assert rotated["secret"] != made["secret"]
    row = Webhook.objects.get(pk=made["id"])
    assert sealer().open(row.secret) == rotated["secret"]
    assert sealer().open(row.previous_secret) == made["secret"]
    assert row.previous_secret_until is not None
    hours = (row.previous_secret_until - timezone.now()).total_seconds() / 3600
    assert 23.9 < hours <= 24


def test_the_default_secret_is_made_once_and_can_only_be_rotated() -> None:
    caller = organizer()
    first = caller.post("/webhooks/default-secret").json()["data"]
    second = caller.post("/webhooks/default-secret").json()["data"]
    assert first["id"] == second["id"]
    assert first["secret"] != second["secret"]
    assert (second["url"], second["default_secret"]) == (None, True)
    path = f"/webhooks/{first['id']}"
    assert caller.post(f"{path}/rotate-secret").status_code == 200
    assert caller.get(f"{path}/deliveries").status_code == 200
    for method, rest in (("PATCH", ""), ("DELETE", ""), ("POST", "/test")):
        assert refusal(caller.send(method, path + rest, {})) == (409, "default_secret")
    assert refusal(ANYONE.post("/webhooks/default-secret")) == (401, "unauthenticated")


def test_an_open_breaker_shows_as_failing() -> None:
    caller = organizer()
    made = subscribe(caller)
    write(Event.objects.get(pk=create(caller)), *(change() for _ in range(FAILURES_TO_OPEN)))
    end(take(), 500)
    assert caller.get(f"/webhooks/{made['id']}").json()["data"]["failing_since"] is not None
