"""Entity tags of tickets: `"<letter of the status>-<CRC-32 of the shown ticket>"`.

By the letter, a long poll can tell whether its client has missed a change of status or only a step in line, without
storing anything about clients. A CRC is enough for the steps: two that follow each other have the same one in four
billion, and then the client learns the next one. It takes a third of the time of a digest.
"""

from __future__ import annotations

import re
from zlib import crc32

from events.domain.states import Status

_LETTERS: dict[Status, str] = {
    Status.QUEUED: "q",
    Status.ENTERED: "n",
    Status.WAITLISTED: "w",
    Status.HELD: "h",
    Status.CONFIRMED: "c",
    Status.REJECTED: "r",
    Status.EXPIRED: "e",
    Status.CANCELLED: "x",
    Status.LOST: "l",
}
_STATUSES = {letter: status for status, letter in _LETTERS.items()}
# Earlier releases had twice as many digits.
_SHAPE = re.compile(r'(?:W/)?"([qnwhcrexl])-[0-9a-f]{8}(?:[0-9a-f]{8})?"')


def tag_of(status: Status, shown: bytes) -> bytes:
    """Builds the tag of a ticket that is sent as the bytes `shown`, with its quotes."""
    return f'"{_LETTERS[status]}-{crc32(shown):08x}"'.encode()


def matches(tag: bytes, if_none_match: str) -> bool:
    """Tells whether this If-None-Match contains the tag (RFC 9110, 13.1.2: weak comparison)."""
    wanted = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return tag.decode() in wanted or "*" in wanted


def known_statuses(if_none_match: str) -> set[Status]:
    """Reads the statuses in a client's tags; empty if none of them is a ticket's tag."""
    return {_STATUSES[match[1]] for match in _SHAPE.finditer(if_none_match)}
