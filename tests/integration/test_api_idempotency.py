"""Organizers' POSTs with an Idempotency-Key: the same answer once more, and nothing done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from events.api.idempotency import HEADER
from events.api.views.base import ApiView
from events.domain.scopes import Scope
from events.ledger import idempotency as ledger
from events.ledger.webhooks.subscriptions import reseal_secrets
from events.models import AuditEntry, Event, IdempotentAnswer, OrganizerToken, Webhook
from tests.support.in_process.api import ANYONE, Caller, attend, body, create, organizer
from tests.support.in_process.locks import wait_until_a_transaction_is_blocked
from tests.support.in_process.outages import redis_out_of_reach
from tests.support.in_process.webhooks_api import URL
from tests.support.routes import routes

pytestmark = pytest.mark.django_db(transaction=True)

HOOK = {"url": URL, "event_types": ["registration.confirmed"], "event_id": None}


def send(caller: Caller, path: str, data: Any = None, key: str = "k1") -> Any:
    return caller.post(path, data, **{HEADER: key})


def sent(answer: Any) -> tuple[int, bytes, str | None]:
    return answer.status_code, answer.content, answer.get("Location")


def test_a_lost_answer_is_given_again_secrets_included_and_nothing_is_done_twice() -> None:
    caller = organizer()
    event_id = create(caller)
    for path, data in (
        ("/events", body(name="Once")),
        (f"/events/{event_id}/duplicate", {}),
        ("/webhooks", HOOK),
        ("/webhooks/default-secret", None),
        ("/tokens", {"label": "shop", "scope": "read"}),
        (f"/events/{event_id}/pause", None),
    ):
        first = send(caller, path, data, key=path)
        entries = AuditEntry.objects.count()
        assert first.status_code in (200, 201), first.content
        assert sent(send(caller, path, data, key=path)) == sent(first)
        assert AuditEntry.objects.count() == entries, path
    assert Event.objects.count() == 3
    webhook = Webhook.objects.get(url=URL)
    rotated = [
        send(caller, f"/webhooks/{webhook.pk}/rotate-secret", key="r").json()["data"]["secret"] for _ in range(2)
    ]
    assert rotated[0] == rotated[1]


def test_without_a_key_each_request_acts() -> None:
    caller = organizer()
    assert len({create(caller), create(caller)}) == 2
    assert not IdempotentAnswer.objects.exists()


def test_every_post_of_an_organizer_goes_through_it() -> None:
    found = [route.view for route in routes() if route.view and issubclass(route.view, ApiView)]
    assert [view for view in found if "post" in vars(view) and not hasattr(view.post, "__wrapped__")] == []


def test_another_body_path_or_scope_is_refused() -> None:
    caller = organizer()
    assert send(caller, "/events", body(name="A", start_time="2031-05-01T10:00:00Z", end_time="2031-05-02T10:00:00Z"))
    other = organizer("other")
    for path, data in (("/events", body(name="B")), ("/webhooks", HOOK)):
        answer = send(caller, path, data)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert send(other, "/events", body()).status_code == 201
    paused = [send(caller, f"/events/{create(caller)}/pause", key="p") for _ in range(2)]
    assert [answer.status_code for answer in paused] == [200, 422]


def test_a_smaller_token_does_not_get_the_answer_of_a_larger_one() -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    assert caller.organizer
    entrance = Caller(caller.organizer, OrganizerToken.issue(caller.organizer, scope=Scope.CHECK_IN))
    code = caller.get(f"/events/{event_id}/attendees").json()["data"]["results"][0]["ticket_id"]
    path, data = f"/events/{event_id}/check-ins", {"code": code}
    assert send(caller, path, data).status_code == 200
    assert send(entrance, path, data).status_code == 422


@pytest.mark.parametrize("key", ["", "a" * 256, "caf\u00e9", "tab\t"])
def test_a_bad_key_is_named(key: str) -> None:
    answer = send(organizer(), "/events", body(), key=key)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [HEADER])


def test_a_refusal_leaves_nothing_and_its_key_can_be_used_again() -> None:
    caller = organizer()
    assert send(caller, "/events", body(name="")).status_code == 400
    assert send(ANYONE, "/events", body()).status_code == 401
    assert send(caller, "/events", body()).status_code == 201
    event_id = Event.objects.get().pk
    with redis_out_of_reach():
        assert send(caller, f"/events/{event_id}/cancel", key="c").status_code == 503
    assert Event.objects.get().cancelled_at is None
    assert send(caller, f"/events/{event_id}/cancel", key="c").status_code == 200


def test_of_two_at_once_one_acts_and_the_other_gets_its_answer() -> None:
    """The second waits at the unique index: the first is at work until the test lets it end."""
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time: there are no two at once")
    caller = organizer()
    fields, acting, go_on = body(), threading.Event(), threading.Event()
    answers: list[Any] = []

    def first(act: Callable[[], Any]) -> None:
        with transaction.atomic():
            answers.append(act())
            acting.set()
            assert go_on.wait(60)
        connection.close()

    def second(act: Callable[[], Any]) -> None:
        answers.append(act())
        connection.close()

    post = lambda: send(caller, "/events", fields)  # noqa: E731
    threads = [threading.Thread(target=work, args=(post,)) for work in (first, second)]
    threads[0].start()
    assert acting.wait(60)
    threads[1].start()
    wait_until_a_transaction_is_blocked()
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert sent(answers[0]) == sent(answers[1])
    assert Event.objects.count() == 1


def test_answers_are_encrypted_and_go_after_a_day() -> None:
    caller = organizer()
    secret = send(caller, "/webhooks", HOOK).json()["data"]["secret"]
    row = IdempotentAnswer.objects.get()
    assert secret not in row.answer
    assert secret in ledger.open_answer(row)
    day_ago = timezone.now() - ledger.KEPT_FOR
    assert ledger.purge_answers(before=day_ago) == 0
    IdempotentAnswer.objects.update(created_at=day_ago - timedelta(seconds=1))
    assert send(caller, "/webhooks", HOOK).json()["data"]["secret"] != secret
    IdempotentAnswer.objects.update(created_at=day_ago - timedelta(seconds=1))
    assert ledger.purge_answers(before=day_ago) == 1


def test_a_new_secret_key_seals_answers_anew_and_drops_what_it_cannot_read() -> None:
    send(organizer(), "/events", body())
    assert reseal_secrets().current == 1
    IdempotentAnswer.objects.update(answer="sealed under a key that is gone")
    refused = send(Caller(token=None), "/events", body())
    assert refused.status_code == 401
    assert reseal_secrets().unreadable == 0
    assert not IdempotentAnswer.objects.exists()
