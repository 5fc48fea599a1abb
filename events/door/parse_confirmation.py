"""Parses and checks the body of a confirmation."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from events.domain.holds import REFERENCE_MAX
from events.door.parse import INVALID, NOT_JSON, BadRequest, refuse_constant

_REFERENCE_RULE = f"A line of at most {REFERENCE_MAX} printable characters."


class Confirmation(msgspec.Struct):
    """The JSON of a confirmation. Unknown fields are ignored."""

    payment_reference: str = ""


_decode_confirmation = msgspec.json.Decoder(Confirmation).decode


def payment_reference(body: bytes) -> str:
    """Parses the body of a confirmation; "" without one. Raises BadRequest."""
    if not body:
        return ""
    try:
        found = _decode_confirmation(body).payment_reference
    except (ValueError, RecursionError):
        raise BadRequest(*_explain_confirmation(body)) from None
    if len(found) > REFERENCE_MAX or not found.isprintable():
        raise BadRequest({"payment_reference": [_REFERENCE_RULE]})
    return found


def _explain_confirmation(body: bytes) -> tuple[dict[str, list[str]] | None, str]:
    try:
        found: Any = json.loads(body.decode(), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return None, NOT_JSON
    if not isinstance(found, dict):
        return None, "The body must be a JSON object."
    return {"payment_reference": [_REFERENCE_RULE]}, INVALID
