"""Bearer tokens: how a header shows one, and how one is stored and looked up."""

from __future__ import annotations

import hashlib

_SCHEME = "bearer"
# The message for an invalid token; it does not say which of the three applies.
NO_TOKEN = "This token is unknown, has expired or has been revoked."  # noqa: S105 - a sentence


def bearer_token(authorization: str) -> str | None:
    """Reads the token of an Authorization header (RFC 6750, 2.1); None if it has none."""
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == _SCHEME else None


def hash_token(token: str) -> str:
    """Hashes with SHA-256, in hex: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()
