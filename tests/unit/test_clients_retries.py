"""A registration through trouble: one key for all tries, and an end of trying. All clients alike."""

from __future__ import annotations

import json
import re
import time
from email.utils import formatdate
from pathlib import Path

import pytest

from omnify_client import OmnifyError, errors
from omnify_client.errors import api_error
from omnify_client.flow import Policy, Request, Response, Send, Sleep, Unreachable, call
from tests.support.clients import Run, every_client
from tests.support.scripted_server import DROP, Said, ScriptedServer, Step, refused, said

GUEST = {"name": "Guest 1", "email": "guest1@example.org"}
TICKET_ID = "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE"
TICKET = said({"ticket_id": TICKET_ID, "event_id": 7, "status": "queued", "position": 1}, status=202)

JAVASCRIPT = Path(__file__).parents[2] / "clients" / "js" / "src"
ERRORS = [name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, OmnifyError)]


@every_client
def test_every_try_has_the_same_key_and_body(run: Run) -> None:
    trouble: list[Step] = [
        DROP,
        refused(503, "unavailable", Retry_After="0"),
        Said(200, {"Content-Type": "text/html"}, b"<h1>Back in a minute</h1>"),
    ]
    with ScriptedServer(*trouble, TICKET) as server:
        ticket = run(server.url, "register", 7, **GUEST, quantity=2).value
    assert ticket["ticket_id"] == TICKET_ID
    assert len(server.asked) == len(trouble) + 1
    [(path, key, body)] = {(asked.path, asked.headers["idempotency-key"], asked.body) for asked in server.asked}
    assert path == "/events/7/register"
    assert len(key) >= 32
    assert json.loads(body) == {**GUEST, "quantity": 2}


@every_client
def test_two_registrations_have_two_keys(run: Run) -> None:
    with ScriptedServer(TICKET) as server:
        run(server.url, "register", 7, **GUEST)
        run(server.url, "register", 7, **GUEST)
    assert len({asked.headers["idempotency-key"] for asked in server.asked}) == 2


@every_client
def test_a_key_of_the_callers_is_used(run: Run) -> None:
    with ScriptedServer(DROP, TICKET) as server:
        run(server.url, "register", 7, **GUEST, idempotency_key="mine")
    assert [asked.headers["idempotency-key"] for asked in server.asked] == ["mine", "mine"]


@every_client
def test_a_refusal_is_not_repeated_and_has_a_class_of_its_own(run: Run) -> None:
    with ScriptedServer(refused(409, "sold_out", Retry_After="7"), refused(409, "a_code_of_next_year")) as server:
        refusals = [run(server.url, "register", 7, **GUEST).error or {} for _ in range(2)]
    assert [(error["name"], error["code"]) for error in refusals] == [
        ("SoldOut", "sold_out"),
        ("Conflict", "a_code_of_next_year"),
    ]
    assert (refusals[0]["status"], refusals[0]["retry_after"], len(server.asked)) == (409, 7, 2)


@pytest.mark.parametrize(
    ("status", "code", "name"),
    [
        (400, "invalid", "InvalidRequest"),
        (401, "unauthenticated", "AuthenticationError"),
        (403, "code_invalid", "CodeInvalid"),
        (404, "event_not_found", "NotFound"),
        (422, "idempotency_key_reused", "IdempotencyKeyReused"),
        (418, "teapot", "ApiError"),
        (507, "out_of_paper", "ServerError"),
    ],
)
def test_a_code_that_is_new_has_the_class_of_its_status(status: int, code: str, name: str) -> None:
    body = {"code": code, "message": "No.", "errors": {"email": ["ada@b.example is not."]}}
    error = api_error(status, body, None)
    assert type(error).__name__ == name
    assert str(error) == f"No. [email] ({status} {code})"


def test_both_clients_have_the_same_errors() -> None:
    for name in ("index.js", "index.d.ts", "errors.js"):
        text = (JAVASCRIPT / name).read_text()
        assert [error for error in ERRORS if not re.search(rf"\b{error}\b", text)] == [], name


class Clock:
    """Time that passes only where a flow sleeps. `slept` are its sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []


def _drive(answer: Response | None, **policy: float) -> Clock:
    """Runs a call whose every try ends so, until it gives up."""
    clock = Clock()
    flow = call(Policy(clock=lambda: clock.now, random=lambda: 0.5, **policy), Request(method="GET", path="/x"))
    action = next(flow)
    with pytest.raises(OmnifyError):
        while True:
            if isinstance(action, Sleep):
                clock.slept.append(action.seconds)
                clock.now += action.seconds
                action = flow.send(None)
            else:
                assert isinstance(action, Send)
                action = flow.throw(Unreachable("x")) if answer is None else flow.send(answer)
    return clock


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_for_as_long_as_there_is_time(status: int) -> None:
    clock = _drive(Response(status, {}), retry_seconds=60.0)
    assert clock.slept[:7] == [0.1875, 0.375, 0.75, 1.5, 3.0, 6.0, 6.0]
    assert 50 < clock.now <= 60


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 409, 413, 415, 422, 501])
def test_what_will_not_pass_is_not_tried_again(status: int) -> None:
    assert _drive(Response(status, {})).slept == []


def test_a_service_that_says_when_is_not_asked_before() -> None:
    assert _drive(Response(503, {"retry-after": "20"}), retry_seconds=60.0).slept == [20.0, 20.0, 20.0]


def test_without_time_for_retries_there_is_one_try() -> None:
    assert _drive(None, retry_seconds=0.0).slept == []


@every_client
def test_a_wait_that_is_longer_than_there_is_time_ends_it_at_once(run: Run) -> None:
    with ScriptedServer(refused(503, "queue_full", Retry_After="3600")) as server:
        error = run(server.url, "register", 7, **GUEST).error
    assert error is not None
    assert (error["name"], error["retry_after"]) == ("QueueFull", 3600)
    assert error["key"] == server.asked[0].headers["idempotency-key"]
    assert len(server.asked) == 1


@every_client
def test_retry_after_may_be_a_date(run: Run) -> None:
    later = formatdate(time.time() + 7200, usegmt=True)
    with ScriptedServer(refused(503, "unavailable", Retry_After=later)) as server:
        error = run(server.url, "register", 7, **GUEST).error
    assert error is not None
    assert 7000 < error["retry_after"] <= 7200


@every_client
def test_trying_ends_and_leaves_the_key_to_go_on_with(run: Run) -> None:
    with ScriptedServer(DROP) as server:
        error = run(server.url, "register", 7, **GUEST, retry_seconds=0.6).error
    assert error is not None
    assert error["name"] == "ApiConnectionError"
    assert len(server.asked) > 1
    key = error["key"]
    assert {asked.headers["idempotency-key"] for asked in server.asked} == {key}
    for secret in (key, TICKET_ID, *GUEST.values()):
        assert secret not in error["shown"]


@every_client
def test_a_redirect_is_not_followed_with_the_token(run: Run) -> None:
    with ScriptedServer(TICKET) as elsewhere:
        moved = Said(307, {"Location": f"{elsewhere.url}/events/7/register"})
        with ScriptedServer(moved) as server:
            error = run(server.url, "register", 7, **GUEST, token="secret").error
    assert error is not None
    assert error["code"] == "http_307"
    assert elsewhere.asked == []
    assert server.asked[0].headers["authorization"] == "Bearer secret"
