"""Parses and checks what a client sends: body, content type, Idempotency-Key, event id."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from events.domain.attendee import clean_email, clean_name
from events.domain.codes import normalise_code
from events.domain.seats import MAX_QUANTITY
from events.domain.waiting import LONGEST_WAIT_SECONDS
from events.door.callbacks import no_callback
from omnify.common.asgi_types import Header
from omnify.common.languages.wish import supported

MAX_BODY_BYTES = 16 * 1024
IDEMPOTENCY_HEADER = "Idempotency-Key"
NOT_JSON = "The body is not valid JSON."
INVALID = "The request is not valid."

# What JSON can hold in every language (RFC 8259, 6).
_INTEGER_MAX = 2**53 - 1
_EVENT_ID = re.compile(r"[1-9][0-9]{0,17}")
_WAIT = re.compile(r"[1-9][0-9]?")
_MAX_KEY_BYTES = 255


class Registration(msgspec.Struct):
    """A registration's JSON. Unknown fields are ignored."""

    name: str
    email: str
    callback_url: str | None = None
    ticket_type: int | None = None
    quantity: int | None = None
    code: str | None = None
    language: str | None = None


class BadRequest(Exception):
    """Invalid input. `errors` has a list of sentences for each invalid field."""

    def __init__(self, errors: dict[str, list[str]] | None, message: str = INVALID) -> None:
        super().__init__(message)
        self.errors = errors
        self.message = message


_decode = msgspec.json.Decoder(Registration).decode


class RegistrationHeaders(NamedTuple):
    """The headers of a registration that the door reads."""

    content_type: bytes
    length: int | None
    idempotency_keys: list[bytes]
    authorizations: list[bytes]
    forwarded: list[bytes]
    preferences: list[bytes]


def headers(raw: Iterable[Header]) -> RegistrationHeaders:
    """Finds them in one pass. The server has made the names lower case and checked that the length is a number."""
    content_type, length = b"", None
    keys: list[bytes] = []
    authorizations: list[bytes] = []
    forwarded: list[bytes] = []
    preferences: list[bytes] = []
    for name, value in raw:
        if name == b"content-type":
            content_type = value
        elif name == b"content-length":
            length = int(value)
        elif name == b"idempotency-key":
            keys.append(value)
        elif name == b"authorization":
            authorizations.append(value)
        elif name == b"x-forwarded-for":
            forwarded.append(value)
        elif name == b"prefer":
            preferences.append(value)
    return RegistrationHeaders(content_type, length, keys, authorizations, forwarded, preferences)


def has_credentials(raw: Iterable[Header]) -> bool:
    """Tells whether a request has a token, or cookies, among which may be a session."""
    return any(name in (b"authorization", b"cookie") for name, _ in raw)


def joined(raw: Iterable[Header], name: bytes) -> str:
    """Joins the values of a header (name in lower case) by commas; empty without it."""
    found = ""
    for known, value in raw:
        if known == name:
            found = f"{found}, {value.decode('latin-1')}" if found else value.decode("latin-1")
    return found


def event_id(text: str) -> int | None:
    """Parses the id in a path; None if it cannot be one."""
    return int(text) if _EVENT_ID.fullmatch(text) else None


class NotJson(Exception):
    """The body has another content type."""


def require_json(content_type: bytes) -> None:
    """Raises NotJson unless this content type is JSON in UTF-8."""
    if content_type != b"application/json" and not _is_json(content_type):
        raise NotJson


def _is_json(content_type: bytes) -> bool:
    kind, _, rest = content_type.partition(b";")
    charset = rest.strip().lower().replace(b'"', b"")
    return kind.strip().lower() == b"application/json" and charset in (b"", b"charset=utf-8", b"charset=utf8")


def idempotency_key(values: list[bytes]) -> str | None:
    """Returns the Idempotency-Key, None without one. Raises BadRequest."""
    if not values:
        return None
    value = values[0]
    text = value.decode("latin-1")
    # An expression would cost twice as much.
    is_valid = 0 < len(text) <= _MAX_KEY_BYTES and value.isascii() and text.isprintable()
    if len(values) > 1 or not is_valid:
        raise BadRequest({IDEMPOTENCY_HEADER: ["1 to 255 printable ASCII characters, once."]})
    return text


def checked_key(sent: RegistrationHeaders) -> str | None:
    """Checks the content type, and returns the Idempotency-Key, None without one. Raises NotJson, BadRequest."""
    require_json(sent.content_type)
    return idempotency_key(sent.idempotency_keys)


def wait_seconds(query: bytes) -> int | None:
    """Returns `wait` in seconds, None without it. Raises BadRequest for anything but a whole number up to 30."""
    if not query:
        return None
    values = [value for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True) if name == "wait"]
    if not values:
        return None
    if len(values) > 1 or not _WAIT.fullmatch(values[0]) or int(values[0]) > LONGEST_WAIT_SECONDS:
        raise BadRequest({"wait": [f"A whole number of seconds from 1 to {LONGEST_WAIT_SECONDS}, once."]})
    return int(values[0])


# A registration's name, e-mail and callback, then its ticket type, quantity and access code if it says any of them:
# texts in the order from which its ticket's key is derived, empty where they were not sent, or are the default.
CheckedRegistration = tuple[str, str, str] | tuple[str, str, str, str, str, str]


def registration(body: bytes, callback: Callable[[str], str] = no_callback) -> tuple[CheckedRegistration, str]:
    """Parses a body; `callback` checks its `callback_url`.

    Returns the registration, and the language for its mails (empty without one), which does not count for what it is
    called. Raises BadRequest with every invalid field.
    """
    try:
        found = _decode(body)
        url = "" if found.callback_url is None else callback(found.callback_url)
        language = "" if found.language is None else supported(found.language)
        if found.ticket_type is None and found.quantity is None and found.code is None:
            return (clean_name(found.name), clean_email(found.email), url), language
        type_, quantity = _ticket_type(found.ticket_type), _quantity(found.quantity)
        code = normalise_code(found.code or "")
        return (clean_name(found.name), clean_email(found.email), url, type_, quantity, code), language
    except (ValueError, RecursionError):
        # msgspec's errors are ValueErrors too. msgspec stops at the first error; `_explain` finds all of them.
        raise _explain(body, callback) from None


def without_type(found: CheckedRegistration) -> CheckedRegistration:
    """Returns the same registration as if it did not say its ticket type."""
    return *found[:3], "", *found[4:]


def _ticket_type(value: int | None) -> str:
    if value is not None and not 0 < value <= _INTEGER_MAX:
        raise ValueError("This event has no such ticket type.")
    return "" if value is None else str(value)


def _quantity(value: int | None) -> str:
    if value is not None and not 1 <= value <= MAX_QUANTITY:
        raise ValueError(f"This must be from 1 to {MAX_QUANTITY}.")
    return "" if value is None or value == 1 else str(value)


def _explain(body: bytes, callback: Callable[[str], str]) -> BadRequest:
    try:
        # The standard library's decoder accepts lone surrogates, so the error can name the field that has one.
        found: Any = json.loads(body.decode(), parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        return BadRequest(None, NOT_JSON)
    if not isinstance(found, dict):
        return BadRequest(None, "The body must be a JSON object.")
    errors: dict[str, list[str]] = {}
    _check(found, "name", clean_name, errors)
    _check(found, "email", clean_email, errors)
    if found.get("callback_url") is not None:
        _check(found, "callback_url", callback, errors)
    _check_number(found, "ticket_type", _ticket_type, errors)
    _check_number(found, "quantity", _quantity, errors)
    if found.get("code") is not None:
        _check(found, "code", normalise_code, errors)
    if found.get("language") is not None:
        _check(found, "language", supported, errors)
    return BadRequest(errors) if errors else BadRequest(None, NOT_JSON)


def refuse_constant(name: str) -> None:
    """Refuses NaN and infinities, which are not JSON. Raises ValueError."""
    raise ValueError(f"{name} is not JSON")


def _check_number(
    found: dict[str, Any], field: str, check: Callable[[int | None], str], errors: dict[str, list[str]]
) -> None:
    value = found.get(field)
    if isinstance(value, bool) or not isinstance(value, int | None):
        errors[field] = ["This must be a whole number."]
        return
    try:
        check(value)
    except ValueError as problem:
        errors[field] = [str(problem)]


def _check(found: dict[str, Any], field: str, clean: Callable[[str], str], errors: dict[str, list[str]]) -> None:
    if field not in found:
        errors[field] = ["This field is required."]
    elif not isinstance(found[field], str):
        errors[field] = ["Not a string."]
    else:
        try:
            clean(found[field])
        except ValueError as problem:
            errors[field] = [str(problem)]
