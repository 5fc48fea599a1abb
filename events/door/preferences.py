"""`Prefer` (RFC 7240): what a client would like, and gets where the service can."""

from __future__ import annotations

import re

RECEIPT = b"receipt"
# A quoted string; commas and semicolons inside it separate nothing.
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_EMPTY = (b"", b'""')


def prefers_receipt(prefer: bytes) -> bool:
    """Tells whether the value of `Prefer` asks for a receipt. Values of several such headers are joined by commas.

    Only the first of the same name counts, and an unknown value is another preference (RFC 7240, section 2).
    """
    if prefer == RECEIPT:
        return True
    for part in _QUOTED.sub(_hide, prefer).split(b","):
        name, _, value = part.partition(b";")[0].partition(b"=")
        if name.strip().lower() == RECEIPT:
            return value.strip() in _EMPTY
    return False


def _hide(quoted: re.Match[bytes]) -> bytes:
    return b'""' if quoted[0] == b'""' else b'"..."'
