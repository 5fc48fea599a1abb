"""An event that wants addresses proved: by the token that is mailed, in time, or the place goes to the next in line."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.admission.commands import enqueue_correction
from events.admission.keys import event_keys
from events.admission.snapshots import put_snapshot
from events.domain.tickets import Tickets
from events.ledger.queries import event_snapshot
from events.models import Event, Mail, Organizer, OrganizerToken, Registration
from omnify.common.clients import redis_client
from omnify.loader import LedgerLoader
from tests.support.in_process.door import Reply, Visitor, visit
from tests.support.in_process.drain import statuses
from tests.support.in_process.events import tickets
from tests.support.in_process.holds import counts, drain_at, expirer, hold
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Play = Callable[[Callable[[Visitor], Awaitable[Any]]], Any]
PROVED = {"verify_email": True, "mail": True}


@pytest.fixture
def play(servers: Services) -> Play:
    """Runs a scene at a door that can ask the ledger."""
    return lambda scene: visit(servers, scene, loader=LedgerLoader(redis_client()))


def registered(play: Play, drain: Drain, event: Event, *numbers: int) -> list[str]:
    """The paths of decided tickets."""

    async def scene(visitor: Visitor) -> list[str]:
        return [(await visitor.register(event.pk, number))[1]["location"] for number in numbers]

    paths: list[str] = play(scene)
    drain.run(event.pk)
    return paths


def prove(play: Play, path: str, token: str | None, **headers: str) -> Reply:
    body = b"" if token is None else json.dumps({"token": token}).encode()

    async def scene(visitor: Visitor) -> Reply:
        return await visitor.ask("POST", f"{path}/confirm", body, content_type="application/json", **headers)

    reply: Reply = play(scene)
    return reply


def row_of(path: str) -> Registration:
    _, key = tickets.parse(path.rsplit("/", 1)[-1]) or (0, "")
    return Registration.objects.get(ticket_key=key)


def token_of(path: str, made_by: Tickets | None = None) -> str:
    """What the mail to this ticket's address holds."""
    row = row_of(path)
    named = {"event_id": row.event_id, "key": row.ticket_key, "email_key": row.email_key, "mark": row.mark}
    return (made_by or tickets).proof_token(**named)


def mails(path: str) -> list[str]:
    return list(Mail.objects.filter(ticket_key=row_of(path).ticket_key).order_by("pk").values_list("kind", flat=True))


def correct(client: redis.Redis, event: Event, path: str, *, email: str) -> None:
    row = row_of(path)
    digest = tickets.email_digest(email, row.mark)
    named = {"key": "C" * 20, "ticket": row.ticket_key, "name": None, "email": email, "digest": digest}
    enqueue_correction(client, event_snapshot(event), **named)


def forget(event: Event) -> None:
    """Redis forgets the event's outcomes."""
    keys = event_keys(event.pk)
    redis_client().delete(*keys.all())
    put_snapshot(redis_client(), event_snapshot(event))


def test_a_seat_is_held_until_the_token_of_the_mail_proves_the_address(
    make_event: Make, play: Play, drain: Drain
) -> None:
    event = make_event(**PROVED)
    [path] = registered(play, drain, event, 1)
    assert counts(event)[:2] == (0, 1)
    assert mails(path) == ["verify"]
    status, _, body = prove(play, path, token_of(path))
    assert (status, body["data"]["status"], body["data"]["confirmation_sequence"]) == (202, "held", 2)
    assert prove(play, path, token_of(path))[2]["data"]["confirmation_sequence"] == 2
    drain.run(event.pk)
    assert statuses(event) == ["confirmed"]
    assert mails(path) == ["verify", "confirmed"]
    status, _, body = prove(play, path, token_of(path))
    assert (status, body["data"]["status"], body["data"]["confirmation_sequence"]) == (202, "confirmed", None)


def test_no_other_token_proves_it_and_none_is_read_from_the_ticket(make_event: Make, play: Play, drain: Drain) -> None:
    event, other = make_event(**PROVED), make_event(**PROVED)
    mine, friends = registered(play, drain, event, 1, 2)
    [elsewhere] = registered(play, drain, other, 1)
    right = token_of(mine)
    forged = [None, "", "x", right[:-1], right[:-1] + ("A" if right[-1] != "A" else "B"), right + "A"]
    # Of another ticket, of the same address at another event, and of this ticket under another secret.
    forged += [token_of(friends), token_of(elsewhere), token_of(mine, Tickets("another secret, of no one at all"))]
    for token in forged:
        status, headers, body = prove(play, mine, token)
        assert (status, body["code"], headers["www-authenticate"]) == (401, "unauthenticated", "Bearer"), token
    assert prove(play, mine, "é" * 10)[0] == prove(play, mine, "A" * 101)[0] == 400
    assert right not in json.dumps(body)
    drain.run(event.pk)
    assert statuses(event) == ["held", "held"]


def test_a_payment_is_taken_only_once_the_address_is_proved(make_event: Make, play: Play, drain: Drain) -> None:
    event = make_event(**PROVED, **hold(by="organizer"))
    organizer, _ = Organizer.objects.get_or_create(name="Tests")
    shop = {"authorization": f"Bearer {OrganizerToken.issue(organizer)}"}
    [path] = registered(play, drain, event, 1)
    before = row_of(path).expires_at
    assert prove(play, path, None, **shop)[0] == 409
    status, _, body = prove(play, path, token_of(path))
    assert (status, body["data"]["confirmed_by"]) == (202, "address")
    drain.run(event.pk)
    row = row_of(path)
    assert (row.status, row.hold_confirmed_by) == ("held", "organizer")
    assert before is not None
    assert row.expires_at is not None
    assert row.expires_at < before, "a minute from now on, and no half an hour"
    assert mails(path) == ["verify", "held"]
    shown = prove(play, path, token_of(path))[2]["data"]
    assert (shown["status"], shown["confirmed_by"]) == ("held", "organizer"), "a second click is harmless"
    assert prove(play, path, None, **shop)[0] == 202
    drain.run(event.pk)
    assert statuses(event) == ["confirmed"]
    assert "confirmed_by" not in prove(play, path, token_of(path))[2]["data"]


def test_a_position_on_the_waitlist_goes_to_the_next_too_where_the_address_is_not_proved(
    make_event: Make, play: Play, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(**PROVED, max_capacity=1, waitlist_capacity=2)
    # Half an hour ago and more.
    paths = registered(play, drain_at(drain, redis_client, -1801), event, 1, 2, 3)
    assert statuses(event) == ["held", "waitlisted", "waitlisted"]
    assert [mails(path) for path in paths] == [["verify"]] * 3
    assert expirer(redis_client).once() == 3
    assert expirer(redis_client).once() == 0
    assert prove(play, paths[1], token_of(paths[1]))[2]["code"] == "not_held"
    drain.run(event.pk)
    assert statuses(event) == ["expired"] * 3
    assert counts(event) == (0, 0, 0, 3)
    assert {kind for path in paths for kind in mails(path)} == {"verify"}, "no second mail to those who asked for none"
    [again] = registered(play, drain, event, 1)
    assert row_of(again).status == "held"


def test_who_waits_and_has_proved_it_is_left_alone_by_the_end_of_the_time(
    make_event: Make, play: Play, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(**PROVED, max_capacity=1, waitlist_capacity=2)
    # The time of the first is over in a moment; that of the others is not.
    [first] = registered(play, drain_at(drain, redis_client, -1801), event, 1)
    proved, unproved = registered(play, drain, event, 2, 3)
    status, _, body = prove(play, proved, token_of(proved))
    assert (status, body["data"]["status"], body["data"]["position"]) == (202, "waitlisted", 1)
    assert body["data"]["expires_at"] is not None
    assert body["data"]["confirmed_by"] == "address"
    drain.run(event.pk)
    assert mails(proved) == ["verify", "waitlisted"]
    assert expirer(redis_client).once() == 1
    drain.run(event.pk)
    assert [row_of(path).status for path in (first, proved, unproved)] == ["expired", "confirmed", "waitlisted"]
    assert mails(proved)[-1] == "promoted"
    assert prove(play, unproved, token_of(unproved))[0] == 202
    drain.run(event.pk)
    assert Registration.objects.filter(event=event, status="waitlisted", hold_confirmed_by="address").count() == 0


def test_a_proof_and_the_end_of_the_time_are_decided_by_which_was_first(
    make_event: Make, play: Play, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(**PROVED)
    [late] = registered(play, drain_at(drain, redis_client, -1801), event, 1)
    [early] = registered(play, drain, event, 2)
    token = token_of(early)
    assert prove(play, early, token)[0] == 202
    assert expirer(redis_client).once() == 1
    assert prove(play, late, token_of(late))[2]["code"] == "not_held", "its end waits in the queue, or is over"
    # Behind the proof, whatever the ledger says of the time.
    Registration.objects.filter(pk=row_of(early).pk).update(expires_at=timezone.now())
    expirer(redis_client).once()
    drain.run(event.pk)
    assert [row_of(path).status for path in (late, early)] == ["expired", "confirmed"]


def test_a_corrected_address_is_asked_and_the_old_token_proves_nothing(
    make_event: Make, play: Play, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(**PROVED)
    [path] = registered(play, drain, event, 1)
    old = token_of(path)
    correct(redis_client, event, path, email="right@example.org")
    # Admitted behind the correction, which is not decided yet: without effect.
    prove(play, path, old)
    drain.run(event.pk)
    assert (statuses(event), mails(path)) == (["held"], ["verify", "verify"])
    assert prove(play, path, old)[0] == 401
    assert prove(play, path, token_of(path))[0] == 202
    drain.run(event.pk)
    assert statuses(event) == ["confirmed"]


def test_the_ledger_knows_the_time_where_redis_has_forgotten_it(make_event: Make, play: Play, drain: Drain) -> None:
    event = make_event(**PROVED, max_capacity=1, waitlist_capacity=1)
    paths = registered(play, drain, event, 1, 2)
    forget(event)
    assert [prove(play, path, None)[0] for path in paths] == [401, 401]
    assert [prove(play, path, token_of(path))[0] for path in paths] == [202, 202]
    drain.run(event.pk)
    assert statuses(event) == ["confirmed", "waitlisted"]
    forget(event)
    assert [prove(play, path, token_of(path))[0] for path in paths] == [202, 202]
