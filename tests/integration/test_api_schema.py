"""The OpenAPI document is valid, complete and true."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.urls import get_resolver

from omnify.common.envelope import Code
from tests.support.in_process.api import ANYONE, attend, create, organizer

pytestmark = pytest.mark.django_db(transaction=True)

SUCCESS = ["success", "message", "data"]
FAILURE = ["success", "code", "message", "errors"]
OPERATIONS = {
    ("/events", "get"),
    ("/events", "post"),
    ("/events/{event_id}", "get"),
    ("/events/{event_id}", "patch"),
    ("/events/{event_id}/cancel", "post"),
    ("/events/{event_id}/register", "post"),
    ("/events/{event_id}/attendees", "get"),
    ("/events/{event_id}/stats", "get"),
    ("/events/{event_id}/log/checkpoint", "get"),
    ("/events/{event_id}/log/key", "get"),
    ("/events/{event_id}/log/tile/{tile}", "get"),
    ("/events/{event_id}/log/{log_number}/checkpoint", "get"),
    ("/events/{event_id}/log/{log_number}/key", "get"),
    ("/events/{event_id}/log/{log_number}/tile/{tile}", "get"),
    ("/registrations/{ticket_id}", "get"),
    ("/registrations/{ticket_id}/proof", "get"),
    ("/registrations/{ticket_id}", "delete"),
    ("/registrations/{ticket_id}/confirm", "post"),
    ("/events/{event_id}/resend", "post"),
    ("/registrations/{ticket_id}/check-in", "post"),
    ("/events/{event_id}/check-ins", "post"),
    ("/events/{event_id}/check-ins/offline", "get"),
    ("/events/{event_id}/check-ins/{reference}", "delete"),
    ("/registrations/{ticket_id}/events", "get"),
    ("/health/live", "get"),
    ("/health/door", "get"),
    ("/health/ready", "get"),
}
WEBHOOKS = {
    ("/webhooks", "get"),
    ("/webhooks", "post"),
    ("/webhooks/default-secret", "post"),
    ("/webhooks/{webhook_id}", "get"),
    ("/webhooks/{webhook_id}", "patch"),
    ("/webhooks/{webhook_id}", "delete"),
    ("/webhooks/{webhook_id}/rotate-secret", "post"),
    ("/webhooks/{webhook_id}/test", "post"),
    ("/webhooks/{webhook_id}/deliveries", "get"),
    ("/webhooks/{webhook_id}/deliveries/{delivery_id}/retry", "post"),
    ("/webhooks/{webhook_id}/replay", "post"),
}
TOKENS = {("/tokens", "get"), ("/tokens", "post"), ("/tokens/{token_id}", "delete"), ("/audit", "get")}
LOG = {("/log", "get")}
ORGANIZING = {("/events/{event_id}", "delete"), ("/events/{event_id}/duplicate", "post")}
ORGANIZING |= {("/events/{event_id}/attendees/{ticket_id}", act) for act in ("delete", "patch")}
ORGANIZING |= {("/events/{event_id}/attendees", "post"), ("/events/{event_id}/mails", "get")}
ORGANIZING |= {("/events/{event_id}/mail-status", "get")}
ORGANIZING |= {("/events/{event_id}/attendees/{ticket_id}/resend", "post")}
ORGANIZING |= {(f"/events/{{event_id}}/{act}", "post") for act in ("pause", "resume")}
CODES = {
    (f"/events/{{event_id}}/codes{rest}", method)
    for rest, method in (("", "get"), ("", "post"), ("/revoke", "post"), ("/{code_id}", "delete"))
}
MAIL = {(f"/events/{{event_id}}/mail-files{rest}", "get") for rest in ("", "/{name}", "/{name}/html")}
OPERATIONS |= WEBHOOKS | LOG | TOKENS | ORGANIZING | CODES | MAIL


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = ANYONE.get("/schema").json()
    return found


def component(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def test_the_document_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn")
    assert capsys.readouterr().out.startswith("openapi: 3")


def test_every_operation_is_in_it_and_no_other(document: dict[str, Any]) -> None:
    found = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert found == OPERATIONS


def test_every_operation_is_described_for_its_callers(document: dict[str, Any]) -> None:
    """Without a description of its own an operation gets the docstring of its view, which is for developers."""
    views = {
        view: [method.__doc__ for method in vars(view).values() if inspect.isfunction(method)]
        for view in (
            pattern.callback.cls for pattern in get_resolver().url_patterns if hasattr(pattern.callback, "cls")
        )
    }
    docstrings = {inspect.cleandoc(text) for texts in views.values() for text in texts if text}
    assert len(docstrings) > 20, "the views are found"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["description"] not in docstrings, f"{method} {path}"


def test_it_comes_as_json_or_yaml() -> None:
    for accept in ("", "*/*", "application/json", "text/html", "nonsense"):
        assert ANYONE.get("/schema", accept=accept)["Content-Type"] == "application/json", accept
    for accept in ("application/yaml", "application/vnd.oai.openapi"):
        answer = ANYONE.get("/schema", accept=accept)
        assert answer["Content-Type"] == accept
        assert yaml.safe_load(answer.content) == ANYONE.get("/schema").json()


def test_exactly_the_organizers_operations_need_a_token(document: dict[str, Any]) -> None:
    guarded = {
        (path, method)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security") == [{"organizerToken": []}]
    }
    assert guarded == {
        ("/events", "post"),
        ("/events/{event_id}", "patch"),
        ("/events/{event_id}/cancel", "post"),
        ("/events/{event_id}/attendees", "get"),
        ("/events/{event_id}/stats", "get"),
        ("/registrations/{ticket_id}/check-in", "post"),
        ("/events/{event_id}/check-ins", "post"),
        ("/events/{event_id}/check-ins/offline", "get"),
        ("/events/{event_id}/check-ins/{reference}", "delete"),
        *WEBHOOKS,
        *TOKENS,
        *LOG,
        *ORGANIZING,
        *CODES,
        *MAIL,
    }
    assert document["components"]["securitySchemes"]["organizerToken"]["scheme"] == "bearer"


def test_every_answer_is_one_of_the_two_shapes(document: dict[str, Any]) -> None:
    for path, method in OPERATIONS:
        for status, answer in document["paths"][path][method]["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if kind == "application/json":
                    shape = component(document, content["schema"]["$ref"].rsplit("/", 1)[1])
                    wanted = (
                        ["success", "message", "data"] if status < "4" else ["success", "code", "message", "errors"]
                    )
                    assert list(shape["properties"]) == wanted, (path, method, status)
                    assert sorted(shape["required"]) == sorted(wanted), (path, method, status)


def test_every_example_wears_its_envelope(document: dict[str, Any]) -> None:
    codes = {code.value for code in Code}
    for path, method in OPERATIONS:
        for status, answer in document["paths"][path][method]["responses"].items():
            for example in answer.get("content", {}).get("application/json", {}).get("examples", {}).values():
                value = example["value"]
                assert value["success"] is (status < "4")
                assert status < "4" or value["code"] in codes


def test_the_headers_of_the_hot_routes_are_described(document: dict[str, Any]) -> None:
    register = document["paths"]["/events/{event_id}/register"]["post"]
    ticket = document["paths"]["/registrations/{ticket_id}"]["get"]
    quota = {"RateLimit", "RateLimit-Policy"}
    assert set(register["responses"]["202"]["headers"]) == {"Location", "Retry-After", "Preference-Applied", *quota}
    assert set(register["responses"]["429"]["headers"]) == {"Link", "Retry-After", *quota}
    assert set(register["responses"]["401"]["headers"]) == {"Link", "WWW-Authenticate"}
    assert register["security"] == [{}, {"organizerToken": []}]
    assert set(ticket["responses"]["200"]["headers"]) == {"ETag", "Retry-After"}
    sent = {item["name"] for item in (*register["parameters"], *ticket["parameters"]) if item["in"] == "header"}
    assert sent == {"Idempotency-Key", "If-None-Match", "Prefer"}


def test_the_stream_of_events_is_described(document: dict[str, Any]) -> None:
    stream = document["paths"]["/registrations/{ticket_id}/events"]["get"]
    assert set(stream["responses"]) == {"200", "204", "404", "500", "503"}
    assert list(stream["responses"]["200"]["content"]) == ["text/event-stream"]
    sent = {item["name"] for item in stream["parameters"] if item["in"] == "header"}
    assert sent == {"Last-Event-ID"}


def test_what_is_described_is_what_is_sent(document: dict[str, Any]) -> None:
    caller = organizer()
    event_id = create(caller)
    attend(event_id, 1)
    subscription = {"url": "https://8.8.8.8/", "event_types": ["event.sold_out"]}
    webhook = caller.post("/webhooks", subscription).json()["data"]
    page = caller.get(f"/events/{event_id}/attendees").json()["data"]
    sent = {
        "Event": caller.get(f"/events/{event_id}").json()["data"],
        "EventPage": caller.get("/events").json()["data"],
        "AttendeePage": page,
        "Attendee": page["results"][0],
        "Stats": caller.get(f"/events/{event_id}/stats").json()["data"],
        "NewWebhook": webhook,
        "Webhook": caller.get(f"/webhooks/{webhook['id']}").json()["data"],
        "Delivery": caller.post(f"/webhooks/{webhook['id']}/test").json()["data"],
    }
    for name, value in sent.items():
        assert list(component(document, name)["properties"]) == list(value), name


_CROWD = """
import threading, django
django.setup()
from django.test import Client
from django.urls import get_resolver
answers = []
def ask():
    answers.append(Client(headers={"host": "localhost"}).get("/schema").status_code)
threads = [threading.Thread(target=ask) for _ in range(12)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert answers == [200] * 12, answers
"""


@pytest.mark.soak(only=True)
def test_many_may_be_the_first_to_ask(process_environment: dict[str, str]) -> None:
    ended = subprocess.run([sys.executable, "-c", _CROWD], env=process_environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr[-500:]
