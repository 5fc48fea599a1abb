"""A SECRET_KEY that was changed: what the one before made goes on working and is shown as it was given."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from events.api.offline_list import hash_code
from events.domain.tickets import Tickets
from events.domain.webhooks.sealing import CannotOpen, Sealer
from events.ledger.webhooks.claims import ClaimedDelivery, Destination
from events.models import Event, OrganizerToken, Registration, Webhook, WebhookDelivery, WebhookEndpoint
from tests.support.in_process.door import Visitor, visit
from tests.support.servers import Services
from worker.drain import Drain
from worker.webhooks.signed_request import RequestSigner

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
OLD, NEW = "o" * 40, "n" * 40
BEFORE, AFTER, FORGETFUL = Tickets(OLD), Tickets(NEW, OLD), Tickets(NEW)


@pytest.fixture
def rotated(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process after the change: what `events.secrets` hands out."""
    views = ("events.api.attendees", "events.api.offline_list", "events.api.webhooks.representations")
    for module in (*views, "events.ledger.webhooks.about_events"):
        monkeypatch.setattr(f"{module}.tickets", lambda: AFTER)
    for module in ("events.ledger.webhooks.subscriptions", "events.ledger.webhooks.callbacks"):
        monkeypatch.setattr(f"{module}.sealer", lambda: Sealer(NEW, OLD))


def under(drain: Drain, tickets: Tickets) -> Drain:
    return replace(drain, digest=tickets.email_digest)


def enter(servers: Services, tickets: Tickets, scene: Any) -> Any:
    return visit(servers, scene, secrets=tickets)


def test_a_retry_under_the_old_key_finds_its_ticket_queued_and_decided(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event()

    async def register(visitor: Visitor, guest: int = 1) -> tuple[int, Any]:
        status, _, body = await visitor.register(event.pk, guest, idempotency_key="k")
        return status, body["data"]["ticket_id"] if status == 202 else body["code"]

    given = enter(servers, BEFORE, register)
    assert given[0] == 202
    for _ in range(2):
        assert enter(servers, AFTER, register) == given
        assert enter(servers, AFTER, lambda v: register(v, 2)) == (422, "idempotency_key_reused")
        under(drain, AFTER).run(event.pk)
    assert (
        enter(servers, AFTER, lambda v: v.ask("GET", f"/registrations/{given[1]}"))[2]["data"]["status"] == "confirmed"
    )
    assert enter(servers, FORGETFUL, lambda v: v.ask("GET", f"/registrations/{given[1]}"))[0] == 404


def test_a_mailbox_is_known_under_either_secret_and_free_again_once_it_is_given_back(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event()

    async def register(visitor: Visitor) -> tuple[int, str]:
        status, _, body = await visitor.register(event.pk, 1)
        return status, body.get("code") or body["data"]["ticket_id"]

    _, ticket_id = enter(servers, BEFORE, register)
    assert enter(servers, AFTER, register) == (409, "duplicate_registration")
    under(drain, BEFORE).run(event.pk)
    assert enter(servers, AFTER, register) == (409, "duplicate_registration")
    assert enter(servers, AFTER, lambda v: v.ask("DELETE", f"/registrations/{ticket_id}"))[0] == 202
    under(drain, AFTER).run(event.pk)
    assert enter(servers, AFTER, register)[0] == 202
    under(drain, AFTER).run(event.pk)
    assert sorted(Registration.objects.filter(event=event).values_list("status", flat=True)) == [
        "cancelled",
        "confirmed",
    ]


def collected(answer: Any) -> bytes:
    """A streamed body."""

    async def read() -> bytes:
        return b"".join([chunk async for chunk in answer.streaming_content])

    return asyncio.run(read())


@pytest.mark.usefixtures("rotated")
def test_a_ticket_is_shown_everywhere_as_it_was_given(make_event: Make, servers: Services, drain: Drain) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=9)
    hook = subscribed(event)
    told: list[str] = []
    for tickets, guest in ((BEFORE, 1), (AFTER, 2)):
        body = enter(servers, tickets, lambda v, n=guest: v.register(event.pk, n))[2]
        told.append(body["data"]["ticket_id"])
        under(drain, tickets).run(event.pk)
    assert [BEFORE.parse(ticket) is not None for ticket in told] == [True, False]
    # The second moves up: a message about a ticket that was decided before.
    enter(servers, AFTER, lambda v: v.ask("DELETE", f"/registrations/{told[0]}"))
    under(drain, AFTER).run(event.pk)

    token = {"Authorization": f"Bearer {OrganizerToken.issue(event.organizer)}"}
    listed = Client().get(f"/events/{event.pk}/attendees", headers=token).json()["data"]["results"]
    assert [row["ticket_id"] for row in listed] == [told[1]]
    Registration.objects.filter(event=event).update(status="confirmed", confirmed_at=datetime.now(UTC))
    listed = Client().get(f"/events/{event.pk}/attendees", headers=token).json()["data"]["results"]
    assert [row["ticket_id"] for row in listed] == told
    answer: Any = Client().get(f"/events/{event.pk}/check-ins/offline", headers=token)
    hashes = [hash_code(AFTER.check_in_code_of(ticket)) for ticket in told]
    assert list(json.loads(collected(answer))["data"]["tickets"]) == hashes
    log = Client().get(f"/webhooks/{hook.pk}/deliveries", headers=token).json()["data"]["results"]
    assert [row["ticket_id"] for row in reversed(log)] == [told[0], told[1], told[0], told[1]]
    signer = RequestSigner(secrets=(NEW, OLD), allow_private=True)
    bodies = [signer.body(row).decode() for row in claimed()]
    assert all(ticket in body for ticket, body in zip([told[0], told[1], told[0], told[1]], bodies, strict=True))


def subscribed(event: Event) -> Webhook:
    types = ["registration.confirmed", "registration.waitlisted", "registration.cancelled"]
    secret = Sealer(OLD).seal("whsec_" + "c2VjcmV0" * 4)
    hook = Webhook.objects.create(
        organizer=event.organizer, url="https://example.com/hook", event_types=types, secret=secret
    )
    WebhookEndpoint.objects.create(webhook=hook)
    return hook


def claimed() -> list[ClaimedDelivery]:
    fields = [name for name in ClaimedDelivery._fields if name != "claimed_until"]
    rows = WebhookDelivery.objects.order_by("pk").values(*fields)
    return [ClaimedDelivery(**row, claimed_until=datetime.now(UTC)) for row in rows]


def test_a_message_is_sent_again_under_the_same_id_and_verifies(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event()
    hook = subscribed(event)
    enter(servers, BEFORE, lambda v: v.register(event.pk, 1))
    under(drain, BEFORE).run(event.pk)
    [row] = claimed()
    destination, now = Destination(hook.url, (hook.secret,)), datetime.now(UTC)
    first = RequestSigner(secrets=(OLD,), allow_private=True).sign(row, destination, now=now)
    assert RequestSigner(secrets=(NEW, OLD), allow_private=True).sign(row, destination, now=now) == first


@pytest.mark.usefixtures("rotated")
def test_the_command_seals_every_secret_anew_once(make_event: Make) -> None:
    hook = subscribed(make_event())
    Webhook.objects.filter(pk=hook.pk).update(previous_secret=Sealer(OLD).seal("previous"))
    for expected in (
        "Sealed anew: 2; under the current secret already: 0.",
        "Sealed anew: 0; under the current secret already: 2.",
    ):
        said = io.StringIO()
        call_command("reseal", stderr=said)
        assert said.getvalue().strip() == expected
    hook.refresh_from_db()
    assert Sealer(NEW).open(hook.previous_secret) == "previous"
    with pytest.raises(CannotOpen):
        Sealer(OLD).open(hook.secret)


@pytest.mark.usefixtures("rotated")
def test_the_command_says_what_it_cannot_read_and_seals_the_rest(make_event: Make) -> None:
    hook, event = subscribed(make_event()), make_event()
    lost = Sealer("x" * 40).seal("lost")
    other = Webhook.objects.create(organizer=event.organizer, url="https://example.com/other", secret=lost)
    with pytest.raises(CommandError, match="1 cannot be read"):
        call_command("reseal", stderr=io.StringIO())
    hook.refresh_from_db()
    other.refresh_from_db()
    assert Sealer(NEW).open(hook.secret)
    assert other.secret == lost


def test_a_browser_stays_signed_in(make_event: Make, client: Client, settings: Any) -> None:
    token = OrganizerToken.issue(make_event().organizer)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []
    assert client.post("/console/login", {"token": token}).status_code == 302
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert client.get("/console").status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get("/console").status_code == 302
