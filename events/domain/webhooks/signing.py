"""Signatures of webhooks, after the Standard Webhooks specification (standardwebhooks.com), symmetric, version 1.

The signed text is `<webhook-id>.<unix seconds>.<body>`, with HMAC-SHA-256; a secret is `whsec_` and the key in base64.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable
from functools import lru_cache

SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix that secret scanners can look for, not a secret
SECRET_BYTES = 32
# What the specification allows for a key.
_KEY_BYTES = range(24, 65)


class BadSecret(ValueError):
    """The text is not a webhook secret."""


def new_secret() -> str:
    """Makes a secret: 256 random bits from the operating system."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signing_key(secret: str) -> bytes:
    """Decodes the key in a secret. Raises BadSecret."""
    try:
        key = b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as problem:
        raise BadSecret("not base64") from problem
    if not secret.startswith(SECRET_PREFIX) or len(key) not in _KEY_BYTES:
        raise BadSecret("not whsec_ and 24 to 64 bytes in base64")
    return key


def signature(keys: Iterable[bytes], *, message_id: str, seconds: int, body: bytes) -> str:
    """Returns the `webhook-signature` header: one `v1,<base64>` for each key, separated by spaces."""
    signed = b"%s.%d.%s" % (message_id.encode(), seconds, body)
    return " ".join(f"v1,{b64encode(_mac(key, signed)).decode()}" for key in keys)


def _mac(key: bytes, signed: bytes) -> bytes:
    # A copy of a keyed object: `hmac.digest` releases the GIL, and in a busy worker waits to get it back.
    mac = _keyed(key).copy()
    mac.update(signed)
    return mac.digest()


@lru_cache(maxsize=4096)
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")
