"""`POST /registrations/{ticket_id}/confirm` at the door: who may, when, how often, and with what."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from django.utils import timezone

from events.admission.commands import requeue_confirmation
from events.admission.keys import event_keys
from events.domain.scopes import Scope
from events.ledger.queries import event_snapshot
from events.ledger.retention import anonymise_event
from events.models import Event, Organizer, OrganizerToken, Registration
from omnify.common.clients import redis_client
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Reply, Visitor, visit
from tests.support.in_process.drain import statuses
from tests.support.in_process.holds import drain_at, expirer, hold
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Play = Callable[[Callable[[Visitor], Awaitable[Any]]], Any]


@pytest.fixture
def play(servers: Services) -> Play:
    """Runs a scene at a door that can ask the ledger."""
    return lambda scene: visit(servers, scene, loader=LedgerLoader(redis_client()))


def held_ticket(play: Play, drain: Drain, event: Event, number: int = 1) -> str:
    """The path of a ticket that is decided."""

    async def scene(visitor: Visitor) -> str:
        return (await visitor.register(event.pk, number))[1]["location"]

    path: str = play(scene)
    drain.run(event.pk)
    return path


def confirm(play: Play, path: str, reference: str | None = None, token: str | None = None, **headers: str) -> Reply:
    """The answer to a confirmation."""
    body = b"" if reference is None else json.dumps({"payment_reference": reference}).encode()
    sent = {"content_type": "application/json", **headers, **({"authorization": f"Bearer {token}"} if token else {})}

    async def scene(visitor: Visitor) -> Reply:
        return await visitor.ask("POST", f"{path}/confirm", body, **sent)

    reply: Reply = play(scene)
    return reply


def refusal(reply: Reply) -> tuple[int, str]:
    return reply[0], reply[2]["code"]


def token_of(name: str, **fields: Any) -> str:
    organizer, _ = Organizer.objects.get_or_create(name=name)
    return OrganizerToken.issue(organizer, **fields)


def test_a_holder_takes_an_offer_with_the_ticket_alone(make_event: Make, play: Play, drain: Drain) -> None:
    event = make_event(**hold())
    path = held_ticket(play, drain, event)
    status, headers, body = confirm(play, path)
    assert (status, headers["retry-after"]) == (202, "1")
    data = body["data"]
    assert (data["status"], data["confirmation_sequence"], data["check_in_code"]) == ("held", 2, None)
    assert data["expires_at"] > data["decided_at"]
    assert confirm(play, path)[2]["data"]["confirmation_sequence"] == 2
    drain.run(event.pk)
    status, _, body = confirm(play, path)
    assert (status, body["data"]["status"], body["data"]["confirmation_sequence"]) == (202, "confirmed", None)
    assert (body["data"]["expires_at"], body["data"]["check_in_code"] is None) == (None, False)
    assert refusal(confirm(play, path, "another")) == (409, "not_held")


def test_a_paid_hold_is_confirmed_with_the_organizers_token_alone(make_event: Make, play: Play, drain: Drain) -> None:
    event = make_event(**hold(by="organizer"))
    path = held_ticket(play, drain, event)
    mine = token_of("Tests")

    def refusals() -> list[tuple[int, str]]:
        read = token_of("Tests", scope=Scope.READ)
        return [refusal(confirm(play, path, "p 1", token)) for token in (None, "made-up", token_of("Another"), read)]

    expected = [(401, "unauthenticated"), (401, "unauthenticated"), (404, "ticket_not_found"), (403, "forbidden")]
    assert refusals() == expected
    assert confirm(play, path, "p 1", mine)[0] == 202
    # While it waits its turn, after it, and once Redis has forgotten it.
    for step in (lambda: None, lambda: drain.run(event.pk), lambda: forget(event)):
        step()
        assert confirm(play, path, "p 1", mine)[0] == 202
        assert refusal(confirm(play, path, "p 2", mine)) == (409, "not_held")
        assert refusals() == expected
    assert statuses(event) == ["confirmed"]


def test_a_paid_ticket_without_a_reference_on_record_takes_the_first_that_comes(
    make_event: Make, play: Play, drain: Drain
) -> None:
    event = make_event(**hold(by="organizer"))
    path = held_ticket(play, drain, event)
    mine = token_of("Tests")
    # As a confirmation is queued that a standby of the database has lost.
    requeue_confirmation(redis_client(), event_snapshot(event), key=Registration.objects.get().ticket_key)
    drain.run(event.pk)
    assert statuses(event) == ["confirmed"]
    assert refusal(confirm(play, path, "p 1")) == (401, "unauthenticated")
    for _ in range(2):
        status, _, body = confirm(play, path, "p 1", mine)
        assert (status, body["data"]["status"], body["data"]["confirmation_sequence"]) == (202, "confirmed", None)
    assert Registration.objects.get().payment_reference == "p 1"
    assert refusal(confirm(play, path, "p 2", mine)) == (409, "not_held")
    anonymise_event(event.pk, now=timezone.now())
    assert refusal(confirm(play, path, "p 1", mine)) == (409, "not_held")
    assert Registration.objects.get().payment_reference == ""


def test_an_offer_that_was_taken_takes_no_reference_afterwards(make_event: Make, play: Play, drain: Drain) -> None:
    event = make_event(**hold())
    path = held_ticket(play, drain, event)
    assert confirm(play, path)[0] == 202
    drain.run(event.pk)
    assert refusal(confirm(play, path, "p 1", token_of("Tests"))) == (409, "not_held")
    assert Registration.objects.get().payment_reference == ""


def test_a_confirmation_that_the_ledger_has_lost_is_to_be_sent_again(
    make_event: Make, play: Play, drain: Drain
) -> None:
    event = make_event(**hold(by="organizer"))
    path = held_ticket(play, drain, event)
    mine = token_of("Tests")
    assert confirm(play, path, "p 1", mine)[0] == 202
    drain.run(event.pk)
    Registration.objects.filter(event=event).update(status="held", payment_reference="")
    status, headers, body = confirm(play, path, "p 1", mine)
    assert (status, body["code"]) == (503, "unavailable")
    assert int(headers["retry-after"]) > 0


def forget(event: Event) -> None:
    """Lets Redis lose all that it has of an event."""
    redis_client().delete(*event_keys(event.pk).all())


def test_what_is_not_held_cannot_be_confirmed(make_event: Make, play: Play, drain: Drain) -> None:
    event = make_event(max_capacity=2, **hold())
    plain = make_event()
    confirmed = held_ticket(play, drain, plain)
    assert refusal(confirm(play, confirmed)) == (409, "not_held")
    late = held_ticket(play, drain_at(drain, redis_client(), -61), event)
    assert refusal(confirm(play, late)) == (409, "not_held")
    expirer(redis_client()).once()
    drain.run(event.pk)
    assert statuses(event) == ["expired"]
    assert refusal(confirm(play, late)) == (409, "not_held")
    queued: list[Reply] = []

    async def scene(visitor: Visitor) -> None:
        path = (await visitor.register(event.pk, 2))[1]["location"]
        queued.append(await visitor.ask("POST", f"{path}/confirm"))

    play(scene)
    assert refusal(queued[0]) == (409, "not_held")
    assert refusal(confirm(play, "/registrations/made-up")) == (404, "ticket_not_found")


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (b"{", "application/json", (400, "invalid")),
        (b"[]", "application/json", (400, "invalid")),
        (b'{"payment_reference": 7}', "application/json", (400, "invalid")),
        (b'{"payment_reference": "a\\u0000"}', "application/json", (400, "invalid")),
        (b'{"payment_reference": "a\\ud800"}', "application/json", (400, "invalid")),
        (json.dumps({"payment_reference": "x" * 256}).encode(), "application/json", (400, "invalid")),
        (b"payment_reference=7", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
    ],
)
def test_a_bad_body_is_refused_and_confirms_nothing(
    make_event: Make, play: Play, drain: Drain, body: bytes, content_type: str, expected: tuple[int, str]
) -> None:
    event = make_event(**hold())
    path = held_ticket(play, drain, event)

    async def scene(visitor: Visitor) -> Reply:
        return await visitor.ask("POST", f"{path}/confirm", body, content_type=content_type)

    assert refusal(play(scene)) == expected
    drain.run(event.pk)
    assert statuses(event) == ["held"]


def test_a_held_ticket_says_until_when_and_when_to_ask_again(make_event: Make, play: Play, drain: Drain) -> None:
    event = make_event(**hold())
    path = held_ticket(play, drain, event)

    async def scene(visitor: Visitor) -> Reply:
        return await visitor.ask("GET", path)

    status, headers, body = play(scene)
    assert (status, body["data"]["status"], body["data"]["reason"]) == (200, "held", None)
    assert headers["etag"].startswith('"h-')
    assert 1 <= int(headers["retry-after"]) <= 10
    assert body["data"]["expires_at"] is not None
