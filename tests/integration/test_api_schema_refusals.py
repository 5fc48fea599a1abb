"""The OpenAPI document names every refusal of an operation."""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import Any

import pytest

from events.door import cancel, confirm, refusals
from omnify.common.envelope import Code
from tests.support.in_process.api import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)

BODY_FAULTS = {"request_timeout", "payload_too_large", "unsupported_media_type"}


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = ANYONE.get("/schema").json()
    return found


def error_codes(operation: dict[str, Any]) -> set[str]:
    """The codes that an operation is described with."""
    contents = (answer.get("content", {}) for answer in operation["responses"].values())
    shown = (
        example["value"]
        for content in contents
        for kind in content.values()
        for example in kind.get("examples", {}).values()
    )
    return {value["code"] for value in shown if isinstance(value, dict) and "code" in value}


def inputs(operation: dict[str, Any], place: str) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == place}


def refusals_of(path: str, operation: dict[str, Any]) -> set[str]:
    """The codes that follow from what an operation takes."""
    wanted = {"event_not_found"} if "{event_id}" in path else set()
    wanted |= {"ticket_not_found"} if "{ticket_id}" in path else set()
    wanted |= {"invalid"} if inputs(operation, "query") or "requestBody" in operation else set()
    wanted |= {"invalid_page"} if "page" in inputs(operation, "query") else set()
    wanted |= {"idempotency_key_reused"} if "Idempotency-Key" in inputs(operation, "header") else set()
    return wanted | (BODY_FAULTS if "requestBody" in operation else set())


def test_what_an_operation_takes_says_which_refusals_it_has(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert refusals_of(path, operation) <= error_codes(operation), (path, method)


@pytest.mark.parametrize(
    ("path", "method", "module"),
    [
        ("/events/{event_id}/register", "post", refusals),
        ("/registrations/{ticket_id}", "delete", cancel),
        ("/registrations/{ticket_id}/confirm", "post", confirm),
    ],
)
def test_each_refusal_of_a_hot_route_is_described(
    path: str, method: str, module: ModuleType, document: dict[str, Any]
) -> None:
    answered = {Code[name].value for name in re.findall(r"\bCode\.([A-Z_]+)", inspect.getsource(module))}
    assert answered and answered <= error_codes(document["paths"][path][method])
