"""Texts that people typed, made safe for a subject line and a sentence.

Letters put such a text into sentences of their own: it must not end the line, which in a header begins another header,
not turn the sentence around it, and not pass for a link of ours.
"""

from __future__ import annotations

import re

_DIRECTION = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# What mail programs make a link of, or a number to call. A registration form is open to all, and its mail goes to any
# address that is typed into it: a "name" of that kind is an advertisement.
_LINK_LIKE = re.compile(r"[:/\\@]|\.\S|www|[0-9]{4}", re.IGNORECASE)
_NAME_MAX = 60
_FIRST_STRONG_ISOLATE, _POP = "\u2068", "\u2069"


def one_line(text: str, *, longest: int = 255) -> str:
    """Returns the text on one line, without characters that turn its direction; cut where it is longer."""
    line = " ".join(_DIRECTION.sub("", _CONTROL.sub(" ", text)).split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


def isolated(text: str, *, right_to_left: bool = False, longest: int = 255) -> str:
    """Returns one line that has its own direction (UAX #9), whatever stands around it.

    Plain ASCII in a sentence from left to right needs no marks, and stays readable where they are shown as boxes.
    """
    line = one_line(text, longest=longest)
    if not line or (line.isascii() and not right_to_left):
        return line
    return f"{_FIRST_STRONG_ISOLATE}{line}{_POP}"


def greeted_name(name: str) -> str:
    """Returns the name to greet by; empty for one that is too long for a name, or looks like a link or a number."""
    line = one_line(name)
    return "" if len(line) > _NAME_MAX or _LINK_LIKE.search(line) else line
