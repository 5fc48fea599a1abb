"""Access codes: how they are made, written and compared.

A code is stored as a keyed digest, and never again shown in full. To people it is named by its id and its first
characters, the hint.

How people write a code does not matter: case, width, white space and dashes are dropped before it is compared. A code
that the service makes has 16 letters and digits of an alphabet without look-alikes (79 bits), in groups of four.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
GROUPS, GROUP_CHARS = 4, 4
CODE_MIN, CODE_MAX = 4, 64
# As a person may write it: with a space or a dash behind every character.
WRITTEN_MAX = 2 * CODE_MAX
HINT_MAX = 3
# Codes that are made at once, and that an event may have.
MADE_AT_ONCE = 10_000
CODES_OF_AN_EVENT = 100_000
# What a ticket without a code has in place of a code's id.
NO_CODE = 0

_DROPPED = re.compile(r"[\s\u00ad\u200b-\u200d\u2060\ufeff\u2010-\u2015\u2212-]+")


class CodeUses:
    """How many seats the access codes of a batch let in, by their ids, while it is decided.

    `moved` says how many more seats their tickets hold or wait for than before.
    """

    __slots__ = ("_left", "moved")

    def __init__(self, left: Mapping[int, int]) -> None:
        self._left = left
        self.moved: dict[int, int] = {}

    def suffice(self, code_id: int, seats: int) -> bool:
        """Tells whether a code lets so many seats in. False only if Redis has lost what it had admitted."""
        return seats <= self._left.get(code_id, 0) - self.moved.get(code_id, 0)

    def count(self, code_id: int, seats: int) -> None:
        """Counts the seats of a ticket that gets a place; negative: of one that loses it."""
        if code_id:
            self.moved[code_id] = self.moved.get(code_id, 0) + seats


class AccessCode(NamedTuple):
    """A code as the ledger hands it to admission. `used` counts the seats of its tickets that have a place.

    `opens_ms` is 0 for the event's own opening, `type_id` 0 for any ticket type. `revision` grows with every change.
    """

    id: int
    digest: str
    revision: int
    uses: int
    used: int
    opens_ms: int = 0
    type_id: int = 0
    revoked: bool = False


def normalise_code(text: str) -> str:
    """Returns the form in which codes are compared. Raises ValueError for a text that cannot be one."""
    if len(text) > WRITTEN_MAX:
        raise ValueError(f"A code has at most {CODE_MAX} characters.")
    plain = _DROPPED.sub("", unicodedata.normalize("NFKC", text)).casefold().upper()
    if len(plain) > CODE_MAX:
        raise ValueError(f"A code has at most {CODE_MAX} characters.")
    if any(unicodedata.category(letter).startswith("C") for letter in plain):
        raise ValueError("A code has only characters that can be seen.")
    return plain


def check_new_code(text: str) -> str:
    """Normalises a code of the organizer's choice. Raises ValueError: letters and digits, and not too few."""
    plain = normalise_code(text)
    if len(plain) < CODE_MIN or not plain.isalnum():
        raise ValueError(f"A code has {CODE_MIN} to {CODE_MAX} letters and digits; spaces and dashes do not count.")
    return plain


def new_code() -> str:
    """Makes a code, as it is shown."""
    letters = [secrets.choice(ALPHABET) for _ in range(GROUPS * GROUP_CHARS)]
    groups = ("".join(letters[at : at + GROUP_CHARS]) for at in range(0, len(letters), GROUP_CHARS))
    return "-".join(groups)


def hint_of(plain: str) -> str:
    """Returns the part of a normalised code by which its organizer knows it again: a quarter of it at most."""
    return plain[: min(HINT_MAX, len(plain) // 4)]
