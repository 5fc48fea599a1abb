"""Access codes through the API: made in bulk and shown once, listed, revoked, and good at the door at once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.utils import timezone

from events.domain.codes import ALPHABET
from events.models import AccessCode, AuditEntry, Event, IdempotentAnswer
from events.secrets import tickets as service_tickets
from tests.support.in_process.api import Caller, create, organizer
from tests.support.in_process.codes import listed, made
from tests.support.in_process.door import NoLoader, Visitor, visit
from tests.support.in_process.events import contents
from tests.support.servers import Services

pytestmark = pytest.mark.django_db(transaction=True)

Register = Callable[..., Any]


@pytest.fixture
def register(servers: Services, redis_client: redis.Redis) -> Register:
    """Registers guests at a door with the service's secret and a real loader; their codes, or 202."""
    from omnify.loader import LedgerLoader

    ledger = LedgerLoader(redis_client)

    class Loader(NoLoader):
        async def load_event(self, event_id: int) -> bool:
            return await ledger.load_event(event_id)

    def call(event_id: int, *guests: tuple[int, dict[str, Any]]) -> list[Any]:
        async def scene(visitor: Visitor) -> list[Any]:
            found = [await visitor.ask_for(event_id, number, fields) for number, fields in guests]
            return [status if status == 202 else body["code"] for status, _, body in found]

        answers: list[Any] = visit(servers, scene, loader=Loader(), secrets=service_tickets())
        return answers

    return call


def test_codes_are_made_up_shown_once_and_good_at_the_door_at_once(register: Register) -> None:
    caller = organizer()
    event_id = create(caller, access="code")
    codes = made(caller, event_id, count=3)
    assert len(set(codes)) == 3
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4] * 4
        assert set("".join(groups)) <= set(ALPHABET)
    first, second, _ = codes
    guests = [(1, {"code": first}), (2, {"code": first}), (3, {"code": second.lower().replace("-", " ")}), (4, {})]
    assert register(event_id, *guests) == [202, "code_invalid", 202, "code_required"]
    assert caller.get(f"/events/{event_id}").status_code == 200
    shown = listed(caller, event_id)
    assert [found["hint"] for found in shown] == [code[:3] for code in reversed(codes)]
    assert not any(code in str(shown) or code.replace("-", "") in str(shown) for code in codes)


def test_codes_of_the_organizers_choice_keep_their_spelling_and_their_terms(register: Register) -> None:
    caller = organizer()
    event_id = create(caller, registration_opens_at=(timezone.now() + timedelta(hours=1)).isoformat())
    opens = timezone.now() - timedelta(minutes=1)
    assert made(caller, event_id, codes=[" Fan-Club 27 "], uses=2, opens_at=opens.isoformat()) == ["Fan-Club 27"]
    guests = [(1, {"code": "FANCLUB27"}), (2, {"code": "ｆａｎｃｌｕｂ２７"}), (3, {"code": "fan club 27"}), (4, {})]
    assert register(event_id, *guests) == [202, 202, "code_invalid", "registration_not_open"]
    [found] = listed(caller, event_id)
    assert {**found, "id": 0, "created_at": "", "opens_at": ""} == {
        **{"id": 0, "created_at": "", "opens_at": "", "hint": "FA", "uses": 2, "used": 0},
        **{"ticket_type": None, "revoked_at": None},
    }


def test_a_file_of_codes_is_for_spreadsheets(caller: Caller) -> None:
    event_id = create(caller)
    answer = caller.post(f"/events/{event_id}/codes", {"count": 2, "uses": 5}, accept="text/csv")
    assert (answer.status_code, answer["content-type"]) == (201, "text/csv; charset=utf-8")
    assert answer["content-disposition"] == f'attachment; filename="event-{event_id}-codes.csv"'
    assert answer["cache-control"] == "no-store"
    text = answer.content.decode("utf-8-sig")
    head, *rows = csv.reader(io.StringIO(text))
    assert head == ["code", "uses", "opens_at", "ticket_type"]
    assert [row[1:] for row in rows] == [["5", "", ""]] * 2
    assert len({row[0] for row in rows}) == 2


def test_a_revoked_code_lets_no_one_in_and_stays_revoked(caller: Caller, register: Register) -> None:
    event_id = create(caller, access="code")
    [code] = made(caller, event_id, count=1, uses=2)
    [found] = listed(caller, event_id)
    assert register(event_id, (1, {"code": code})) == [202]
    revoke = f"/events/{event_id}/codes/{found['id']}"
    first = caller.send("DELETE", revoke)
    assert (first.status_code, first.json()["data"]["revoked_at"] is not None) == (200, True)
    assert caller.send("DELETE", revoke).json()["data"] == first.json()["data"]
    assert register(event_id, (2, {"code": code})) == ["code_invalid"]
    assert (listed(caller, event_id)[0]["revoked_at"]) == first.json()["data"]["revoked_at"]


def test_several_codes_are_revoked_together_or_none_is(caller: Caller, register: Register) -> None:
    event_id, other = create(caller, access="code"), create(caller)
    made(caller, other, count=1)
    [foreign] = [code["id"] for code in listed(caller, other)]
    codes = made(caller, event_id, count=3)
    ids = [code["id"] for code in reversed(listed(caller, event_id))]
    path = f"/events/{event_id}/codes/revoke"
    for asked, at_fault in (([ids[0], foreign], "Item 2"), ([], ""), ([0], "Item 1"), (["1"], "Item 1"), (None, "")):
        refused = caller.post(path, {"ids": asked})
        assert (refused.status_code, list(refused.json()["errors"])) == (400, ["ids"])
        assert at_fault in refused.json()["errors"]["ids"][0]
    for _ in range(2):
        answer = caller.post(path, {"ids": ids[:2]})
        assert (answer.status_code, answer.json()["data"]) == (200, {"revoked": 2})
    assert [code["revoked_at"] is None for code in reversed(listed(caller, event_id))] == [False, False, True]
    assert listed(caller, other)[0]["revoked_at"] is None
    answers = register(event_id, *((number, {"code": code}) for number, code in enumerate(codes, start=1)))
    assert answers == ["code_invalid", "code_invalid", 202]
    recorded = AuditEntry.objects.filter(action="code_revoked").values_list("object_id", flat=True)
    assert sorted(recorded) == sorted(map(str, ids[:2] * 2))


def test_codes_are_their_events_organizers_alone(caller: Caller) -> None:
    event_id, stranger = create(caller), organizer("stranger")
    made(caller, event_id, count=1)
    [found] = listed(caller, event_id)
    for asking in (
        stranger.get(f"/events/{event_id}/codes"),
        stranger.post(f"/events/{event_id}/codes", {"count": 1}),
        stranger.send("DELETE", f"/events/{event_id}/codes/{found['id']}"),
    ):
        assert (asking.status_code, asking.json()["code"]) == (404, "event_not_found")
    missing = caller.send("DELETE", f"/events/{create(caller)}/codes/{found['id']}")
    assert (missing.status_code, missing.json()["code"]) == (404, "code_not_found")


def test_a_lost_answer_costs_no_codes(caller: Caller) -> None:
    event_id = create(caller)
    path, key = f"/events/{event_id}/codes", {"idempotency-key": "once"}
    first = caller.post(path, {"count": 2}, **key)
    assert caller.post(path, {"count": 2}, **key).content == first.content
    assert AccessCode.objects.count() == 2
    [code, _] = first.json()["data"]["codes"]
    assert code not in IdempotentAnswer.objects.get().answer  # sealed


def test_no_store_holds_a_code_and_making_and_revoking_are_recorded(
    caller: Caller, register: Register, redis_client: redis.Redis
) -> None:
    event_id = create(caller, access="code")
    [code] = made(caller, event_id, count=1)
    assert register(event_id, (1, {"code": code})) == [202]
    plain = code.replace("-", "")
    rows = str(list(AccessCode.objects.values()))
    for stored in (rows, str(contents(redis_client))):
        assert code not in stored
        assert plain not in stored
    [found] = listed(caller, event_id)
    caller.send("DELETE", f"/events/{event_id}/codes/{found['id']}")
    acts = list(AuditEntry.objects.order_by("id").values_list("action", "object_type", "object_id"))[-2:]
    assert acts == [
        ("codes_created", "event", str(event_id)),
        ("code_revoked", "access code", str(found["id"])),
    ]


def test_a_copy_of_an_event_needs_codes_too_and_has_none(caller: Caller) -> None:
    event_id = create(caller, access="code")
    made(caller, event_id, count=2)
    copy = caller.post(f"/events/{event_id}/duplicate", {}).json()["data"]
    assert copy["access"] == "code"
    assert listed(caller, copy["id"]) == []


def test_an_event_that_no_one_registered_for_goes_with_its_codes(caller: Caller, redis_client: redis.Redis) -> None:
    event_id = create(caller)
    made(caller, event_id, count=2)
    assert caller.send("DELETE", f"/events/{event_id}").status_code == 200
    assert not AccessCode.objects.exists()
    assert not redis_client.exists(f"{{event:{event_id}}}:codes")


def test_access_can_be_changed_at_any_time(caller: Caller, register: Register) -> None:
    event_id = create(caller)
    assert caller.get("/events?mine=true").json()["data"]["results"][0]["access"] == "open"
    assert register(event_id, (1, {})) == [202]
    assert caller.patch(f"/events/{event_id}", {"access": "code"}).json()["data"]["access"] == "code"
    assert register(event_id, (2, {}), (3, {"code": "WINTER"})) == ["code_required", "code_invalid"]
    assert caller.patch(f"/events/{event_id}", {"access": "open"}).status_code == 200
    assert register(event_id, (4, {})) == [202]
    wrong = caller.patch(f"/events/{event_id}", {"access": "closed"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["access"])
    assert Event.objects.get().access == "open"
