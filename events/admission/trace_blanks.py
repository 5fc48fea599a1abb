"""The trace of a registration in the queue: white space behind its payload, none where it is not traced.

White space behind JSON means nothing (RFC 8259, 2), so that a worker of the release before reads over it, and the
script that writes entries need not know of it. A field of its own would cost those that are not traced: a stream stores
the names of fields once for a hundred entries, as long as all of them have the same ones. The language's blanks stand
behind it (`language_numbers`), and are counted from the end.

    payload  96 blanks, digits to the base 4: 16 bytes of trace id, 8 of span id  line feed  blanks of the language
"""

from __future__ import annotations

CONTEXT_BYTES = 24

_DIGITS = " \t\r\n"
_END = "\n"
_LANGUAGE = " "
_OF_BYTE = ["".join(_DIGITS[number >> shift & 3] for shift in (6, 4, 2, 0)) for number in range(256)]
_LENGTH = 4 * CONTEXT_BYTES
_TO_DIGITS = bytes.maketrans(_DIGITS.encode(), b"0123")


def write_trace(payload: str, context: bytes) -> str:
    """Puts a context behind a payload, in front of the blanks of its language."""
    packed = payload.rstrip(_LANGUAGE)
    return "".join((packed, *map(_OF_BYTE.__getitem__, context), _END, payload[len(packed) :]))


def read_trace(payload: bytes) -> bytes:
    """Reads the context behind a payload; empty without one."""
    packed = payload.rstrip(_LANGUAGE.encode())
    text = packed[-_LENGTH - 1 : -1]
    whole = len(text) == _LENGTH and packed.endswith(_END.encode()) and not text.strip()
    # What a later release may put there is not ours to read.
    if not whole or packed[-_LENGTH - 2 : -_LENGTH - 1] != b"]":
        return b""
    return int(text.translate(_TO_DIGITS), 4).to_bytes(CONTEXT_BYTES)
