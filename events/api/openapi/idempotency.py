"""The Idempotency-Key of organizers' POSTs: one mechanism for all of them, and one place that describes it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from omnify.common.envelope import Code, failure

_ORGANIZER: list[dict[str, list[str]]] = [{"organizerToken": []}]
# Blanks around a header's value are no part of it (RFC 9110, 5.5).
IDEMPOTENCY_KEY = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "schema": IDEMPOTENCY_KEY,
    "description": "For 24 hours the same key and request get the same answer, secrets included, and act once.",
}
_BAD_KEY = ("The request is not valid.", {"Idempotency-Key": ["1 to 255 printable ASCII characters, once."]})
_REUSED = "The `Idempotency-Key` came with another request before."
_SENTENCE = "This Idempotency-Key came with another request before."


def describe_keys(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Adds the header, and its refusal, to every POST that needs a token (a hook of drf-spectacular)."""
    for methods in result["paths"].values():
        operation = methods.get("post")
        if operation and operation.get("security") == _ORGANIZER:
            operation.setdefault("parameters", []).append(_KEY)
            answers = operation["responses"]
            answers.setdefault("400", _like(answers["401"], "A bad `Idempotency-Key`.", Code.INVALID, *_BAD_KEY))
            answers["422"] = _like(answers["401"], _REUSED, Code.IDEMPOTENCY_KEY_REUSED, _SENTENCE)
    return result


def _like(other: dict[str, Any], description: str, code: Code, *said: Any) -> dict[str, Any]:
    """Builds a response like another failure of the operation."""
    found = {**deepcopy(other), "description": description}
    found["headers"] = {name: header for name, header in found.get("headers", {}).items() if name == "Link"}
    name = "".join(part.capitalize() for part in code.value.split("_"))
    found["content"]["application/json"]["examples"] = {name: {"value": failure(code, *said), "summary": code.value}}
    return found
