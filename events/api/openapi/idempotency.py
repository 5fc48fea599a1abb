"""The Idempotency-Key of organizers' POSTs: one mechanism for all of them, and one place that describes it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from omnify.common.envelope import Code, failure

_ORGANIZER: list[dict[str, list[str]]] = [{"organizerToken": []}]
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "description": "For 24 hours the same key and request get the same answer, secrets included, and act once.",
}
_SENTENCE = "This Idempotency-Key came with another request before."


def describe_keys(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Adds the header, and its refusal, to every POST that needs a token (a hook of drf-spectacular)."""
    for methods in result["paths"].values():
        operation = methods.get("post")
        if operation and operation.get("security") == _ORGANIZER:
            operation.setdefault("parameters", []).append(_KEY)
            operation["responses"]["422"] = _reused(operation["responses"]["401"])
    return result


def _reused(other: dict[str, Any]) -> dict[str, Any]:
    """Builds the response like another failure of the operation."""
    found = {**deepcopy(other), "description": "The `Idempotency-Key` came with another request before."}
    found.pop("headers", None)
    code = Code.IDEMPOTENCY_KEY_REUSED
    found["content"]["application/json"]["examples"] = {
        "IdempotencyKeyReused": {"value": failure(code, _SENTENCE), "summary": code.value}
    }
    return found
