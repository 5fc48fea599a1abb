"""Parses and checks the body of a confirmation."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from events.domain.holds import REFERENCE_MAX
from events.door.parse import INVALID, NOT_JSON, BadRequest, refuse_constant

TOKEN_MAX = 100
_TOKEN_RULE = f"What the link in the mail holds: at most {TOKEN_MAX} characters."
_REFERENCE_RULE = f"A line of at most {REFERENCE_MAX} printable characters."


class Confirmation(msgspec.Struct, frozen=True):
    """The JSON of a confirmation: by which payment, or the token that proves the ticket's address. Unknown fields are
    ignored."""

    payment_reference: str = ""
    token: str = ""


_decode_confirmation = msgspec.json.Decoder(Confirmation).decode


def confirmation(body: bytes) -> Confirmation:
    """Parses the body of a confirmation, which may be empty. Raises BadRequest."""
    if not body:
        return Confirmation()
    try:
        found = _decode_confirmation(body)
    except (ValueError, RecursionError):
        raise BadRequest(*_explain_confirmation(body)) from None
    if len(found.payment_reference) > REFERENCE_MAX or not found.payment_reference.isprintable():
        raise BadRequest({"payment_reference": [_REFERENCE_RULE]})
    if len(found.token) > TOKEN_MAX or not found.token.isascii():
        raise BadRequest({"token": [_TOKEN_RULE]})
    return found


def _explain_confirmation(body: bytes) -> tuple[dict[str, list[str]] | None, str]:
    try:
        found: Any = json.loads(body.decode(), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return None, NOT_JSON
    if not isinstance(found, dict):
        return None, "The body must be a JSON object."
    rules = {"payment_reference": _REFERENCE_RULE, "token": _TOKEN_RULE}
    wrong = [name for name in rules if not isinstance(found.get(name, ""), str)] or ["payment_reference"]
    return {name: [rules[name]] for name in wrong}, INVALID
