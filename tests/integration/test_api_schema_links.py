"""The links of the OpenAPI document lead from what was made to operations that take it."""

from __future__ import annotations

from typing import Any

import pytest

from events.api.openapi.links import LINKS
from tests.support.in_process.api import ANYONE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = ANYONE.get("/schema").json()
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["operationId"]: one for methods in document["paths"].values() for one in methods.values()}


def in_path(operation: dict[str, Any]) -> set[str]:
    return {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}


def at(document: dict[str, Any], schema: dict[str, Any], pointer: str) -> dict[str, Any]:
    """The schema of what a JSON Pointer finds."""
    for name in filter(None, pointer.split("/")):
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        schema = schema["items"] if name.isdigit() else schema["properties"][name]
    return schema


def test_each_link_fills_the_address_of_its_operation(document: dict[str, Any]) -> None:
    known = operations(document)
    for (operation_id, status), ways in LINKS.items():
        answer = known[operation_id]["responses"][status]
        assert len(answer["links"]) == len(ways), (operation_id, "two links have one name")
        shape = next(content["schema"] for kind, content in answer["content"].items() if kind == "application/json")
        for way in ways:
            assert set(way.parts) == in_path(known[way.operation_id]), (operation_id, way)
            for found in way.parts.values():
                if found.startswith("{"):
                    assert found[1:-1] in in_path(known[operation_id]), (operation_id, way)
                else:
                    assert at(document, shape, f"/data{found}")["type"] in ("integer", "string"), (operation_id, way)


def test_nearly_every_operation_with_an_id_in_its_address_is_linked_to(document: dict[str, Any]) -> None:
    """All but those of a log behind a break, and a tile's: their names are in no answer that a link can point into."""
    reached = {way.operation_id for ways in LINKS.values() for way in ways}
    missing = {name for name, one in operations(document).items() if in_path(one)} - reached
    assert missing == {"read_log_tile", "read_later_log_tile", "read_later_log_key", "read_later_log_checkpoint"}


def test_what_needs_no_token_says_so(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert "security" in operation, name
