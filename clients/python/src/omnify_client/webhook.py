"""Verifies messages of webhooks, after the Standard Webhooks specification (standardwebhooks.com), version 1.

The signed text is `<webhook-id>.<unix seconds>.<body>` with HMAC-SHA-256; a secret is `whsec_` and the key in base64.
While a secret is rotated the header has several signatures, separated by spaces.
"""

from __future__ import annotations

import binascii
import hmac
import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any, Protocol

from omnify_client.errors import WebhookVerificationError

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


class Headers(Protocol):
    """A request's headers as frameworks have them: a mapping, or only names and values (`http.server`, Werkzeug)."""

    def items(self) -> Iterable[tuple[str, Any]]:
        """Returns names, in any case, and values."""


class Webhook:
    """Verifies with one secret, or with any of several: `Webhook(secret).verify(payload, headers)`."""

    def __init__(self, *secrets: str) -> None:
        """Takes secrets as the service gave them. Raises ValueError, without the secret in its message."""
        if not secrets:
            raise ValueError("a webhook needs a secret")
        self._keys = [_key(secret) for secret in secrets]

    def verify(self, payload: str | bytes, headers: Headers, *, now: float | None = None) -> Any:
        """Returns the message's parsed JSON. `payload` is the body exactly as it was received, and
        `headers` what your framework has: of http.server, Django, Starlette, Flask, aiohttp, or a dictionary.

        `now` is in seconds since 1970 (default: this machine's clock, which may differ from the service's by
        `TOLERANCE_SECONDS`).

        Raises:
            WebhookVerificationError: the message must not be used.
        """
        body = payload.encode() if isinstance(payload, str) else bytes(payload)
        sent = {name.lower(): str(value) for name, value in headers.items() if value is not None}
        message_id, stamp = sent.get("webhook-id", ""), sent.get("webhook-timestamp", "")
        signatures = sent.get("webhook-signature", "")
        if not message_id or not stamp or not signatures:
            raise WebhookVerificationError("webhook-id, webhook-timestamp or webhook-signature is missing")
        _check_time(stamp, time.time() if now is None else now)
        signed = b"%s.%s.%s" % (message_id.encode(), stamp.encode(), body)
        if not _any_match(signatures.split(), [_signature(key, signed) for key in self._keys]):
            raise WebhookVerificationError("no signature is that of a known secret")
        try:
            return json.loads(body)
        except ValueError:
            raise WebhookVerificationError("the body is not JSON") from None

    def __repr__(self) -> str:
        return f"Webhook(secrets={len(self._keys)})"


def _key(secret: str) -> bytes:
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError(f"a webhook's secret is {PREFIX} and base64")
    return key


def _check_time(stamp: str, now: float) -> None:
    # As the service writes it: a text that only Python reads as a number (spaces, `1_0`, other digits) is not one.
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 15):
        raise WebhookVerificationError("webhook-timestamp is not a time")
    if abs(now - int(stamp)) > TOLERANCE_SECONDS:
        raise WebhookVerificationError(f"webhook-timestamp is more than {TOLERANCE_SECONDS} seconds off")


def _signature(key: bytes, signed: bytes) -> bytes:
    return b"v1," + b64encode(hmac.digest(key, signed, "sha256"))


def _any_match(sent: Iterable[str], wanted: Iterable[bytes]) -> bool:
    """Compares each in constant time. Signatures of other versions (`v1a`) match none."""
    candidates = [one.encode(errors="replace") for one in sent]
    return any(hmac.compare_digest(one, right) for right in wanted for one in candidates)
