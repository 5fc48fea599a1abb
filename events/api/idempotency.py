"""`Idempotency-Key` on organizers' POSTs: the same key gets the same answer for a day, secrets included.

The request acts, and its answer is stored, in one transaction: after a crash there is both or nothing. Of two requests
with one key at once, the second waits for the first and gets its answer. A refused request leaves nothing, and one
whose change is saved but not in force keeps no answer, so its key can be used again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from typing import Any

import msgspec
from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from events.api.permissions import scopes_of, token_of
from events.api.refusals import Refusal, invalid_fields
from events.domain.webhooks.sealing import CannotOpen
from events.ledger import idempotency as ledger
from events.models import IdempotentAnswer, OrganizerToken
from events.services.audit import trail_of_token
from events.services.publish_event import NotInForce
from omnify.common.envelope import Code

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x20-\x7e]{1,255}")

Handler = Callable[..., HttpResponse]


class _Kept(msgspec.Struct):
    """An answer as it is stored."""

    status: int
    headers: dict[str, str]
    body: str


def idempotently(handler: Handler) -> Handler:
    """Makes a view's POST answer a repeated Idempotency-Key as it answered first. Without a key nothing changes."""

    @wraps(handler)
    def post(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get(HEADER)
        # What needs no token has no organizer, and rules of its own (`events.door`).
        if key is None or not scopes_of(view, "POST"):
            return handler(view, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            raise invalid_fields({HEADER: ["It must have 1 to 255 printable ASCII characters."]})
        return _answer(key, request, lambda: handler(view, request, *args, **kwargs))

    return post


def _answer(key: str, request: Request, act: Callable[[], HttpResponse]) -> HttpResponse:
    token = token_of(request)
    request_digest = _digest_of(request, token)
    row: IdempotentAnswer | None = None
    try:
        with transaction.atomic():
            row, first = ledger.claim(
                organizer_id=token.organizer_id,
                key_digest=sha256(key.encode()).hexdigest(),
                request_digest=request_digest,
                now=timezone.now(),
            )
            if first:
                response = act()
                ledger.keep(row, _pack(response))
                return response
    except NotInForce:
        # It is committed: what is kept says that all is well.
        if row is not None:
            ledger.drop(row)
        raise
    if row.request_digest != request_digest:
        raise Refusal(Code.IDEMPOTENCY_KEY_REUSED, 422, f"This {HEADER} came with another request before.")
    trail_of_token(request._request, token).recorded = True  # by the first request
    return _again(row)


def _digest_of(request: Request, token: OrganizerToken) -> str:
    """Returns what must be the same for the same answer: the address, the body, and how far the token reaches."""
    body = json.dumps(request.data, sort_keys=True)
    parts = (request.method, request.get_full_path(), token.scope, token.event_id, body)
    return sha256(json.dumps(parts).encode()).hexdigest()


def _pack(response: HttpResponse) -> str:
    kept = _Kept(response.status_code, dict(response.items()), response.content.decode())
    return msgspec.json.encode(kept).decode()


def _again(row: IdempotentAnswer) -> HttpResponse:
    try:
        kept = msgspec.json.decode(ledger.open_answer(row), type=_Kept)
    except CannotOpen:
        message = f"The answer to this {HEADER} cannot be read any more, since SECRET_KEY was changed."
        raise Refusal(Code.IDEMPOTENCY_KEY_REUSED, 422, message) from None
    return HttpResponse(kept.body, status=kept.status, headers=kept.headers)
