"""Lines that people type: which characters are accepted, when two lines read the same, how search compares them.

clean_line    one line as it is stored: NFC, visible, without anything that breaks rows or turns them round
fold          the same for texts that a person would take for one: case, accents, width, white space do not count
pasted        a token or an id without what copying put into it

Everything that people type goes through `clean_line`: at the door, in the API, in the admin and in commands.
ASCII, the common case, costs no table look-up.
"""

from __future__ import annotations

import re
import unicodedata

LINE_MAX = 255

# What a regular expression of JSON Schema (ECMA 262) can say of `clean_line` and `clean_text`; they have the last word.
_BREAKS = r"\u007f-\u009f\u2028\u2029\ufdd0-\ufdef\ufffe\uffff"
LINE_PATTERN = rf"^[^\u0000-\u001f{_BREAKS}]*[^\s\u0000-\u001f{_BREAKS}][^\u0000-\u001f{_BREAKS}]*$"
LINE_OR_NOTHING_PATTERN = rf"^[^\u0000-\u001f{_BREAKS}]*$"
TEXT_PATTERN = rf"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f{_BREAKS}]*$"

# C0, C1 and line separators break rows apart; surrogates and noncharacters (the last two of every plane among them)
# are not text.
_PLANE_ENDS = "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NO_TEXT = re.compile(f"[\ud800-\udfff\ufdd0-\ufdef{_PLANE_ENDS}]")
# Default_Ignorable_Code_Point of Unicode 16, and the two that are blank though they are not in it: a Braille pattern
# without dots, and the format characters around annotations.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_NOT_SEEN = re.compile(f"[\u2800{_IGNORABLE}]")
# What copying leaves at the ends of a text.
_EDGES = "\u200b\u2060\ufeff"

_OVERRIDES = "\u202d\u202e"
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_OPENS = {"\u202a": "\u202c", "\u202b": "\u202c", "\u2066": "\u2069", "\u2067": "\u2069", "\u2068": "\u2069"}

# What search does without: marks on Latin, Greek and Cyrillic letters, points of Hebrew, vowel signs and hamzas of
# Arabic. Marks of other scripts make different letters (か is not が).
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    f"\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f{_IGNORABLE}]"
)
# Letters that Unicode does not decompose, as they are typed on keyboards without them; quotes and dashes likewise.
_WRITTEN_AS = str.maketrans(
    {
        **{"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ŋ": "n", "\u0131": "i", "ƒ": "f"},
        **{"æ": "ae", "œ": "oe", "þ": "th"},
        **dict.fromkeys("\u2018\u2019\u201b\u02bc\u02b9\u02bb\u02bd\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2012\u2013\u2014\u2015\u2212\u05be", "-"),
    }
)

# Scripts that put no space between the parts of a name, or put one as the writer likes: Han, Kana, Hangul.
_SPACE_OPTIONAL = (
    "[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_SPACES_OPTIONAL = re.compile(f"{_SPACE_OPTIONAL}(?: {_SPACE_OPTIONAL})*")


def clean_line(value: str, *, longest: int = LINE_MAX) -> str:
    """Normalises a line for storing: NFC, without surrounding white space.

    Joiners, marks of direction and selectors inside a text stay: Persian, Hindi and emoji need them.

    Raises:
        ValueError: with a sentence for people.
    """
    if not value.isprintable():
        _refuse_unprintable(value)
    line = value.strip()
    if not line.isascii():
        line = unicodedata.normalize("NFC", line).strip(_EDGES).strip()
    if not line:
        raise ValueError("This field may not be blank.")
    if len(line) > longest:
        raise ValueError(f"At most {longest} characters.")
    if not line.isascii():
        _refuse_invisible(line)
    return line


def clean_text(value: str, *, longest: int) -> str:
    """Normalises a text of several lines for storing: NFC, line ends as `\\n`, without white space around it.

    Raises:
        ValueError: with a sentence for people.
    """
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n")).strip("\n").rstrip()
    if len(text) > longest:
        raise ValueError(f"At most {longest:,} characters.")
    for line in text.replace("\t", " ").split("\n"):
        if not line.isprintable():
            _refuse_unprintable(line)
    return text


def _refuse_unprintable(value: str) -> None:
    if CONTROL.search(value):
        raise ValueError("Control characters and line breaks are not allowed.")
    if _NO_TEXT.search(value):
        raise ValueError("This contains what is no character at all.")
    if _DIRECTION.search(value) and not _balanced(value):
        raise ValueError("Characters that turn the direction of the text around are not allowed.")


def _balanced(value: str) -> bool:
    """Tells whether every embedding and isolate ends where it began (UAX #9), and nothing is overridden."""
    expected: list[str] = []
    for mark in _DIRECTION.findall(value):
        if mark in _OPENS:
            expected.append(_OPENS[mark])
        elif mark in _OVERRIDES or not expected or expected.pop() != mark:
            return False
    return not expected


def _refuse_invisible(line: str) -> None:
    if not any(map(_is_seen, line)):
        raise ValueError("This needs at least one character that can be seen.")


def _is_seen(character: str) -> bool:
    """Tells whether a character is visible. True for what this Python's Unicode does not know yet."""
    category = unicodedata.category(character)
    return (category[0] not in "MZC" or category in ("Cn", "Co")) and not _NOT_SEEN.match(character)


def fold(text: str) -> str:
    """Folds a text for comparing: case, accents, width, kinds of quotes, dashes and white space no longer count.

    Unicode's compatibility decomposition (NFKD) and case folding; a few letters are spelled out.
    `fold("Ｊｏｓé  MÜLLER") == "jose muller"`; `fold("Groß") == fold("GROSS")`.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    if plain.isascii():
        return " ".join(plain.split())
    # Folding case may have composed again.
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", plain)).translate(_WRITTEN_AS)
    return " ".join(unicodedata.normalize("NFC", plain).split())


def spaces_are_optional(folded: str) -> bool:
    """Tells whether a text is written with and without spaces alike: 山田太郎, 山田 太郎."""
    return bool(_SPACES_OPTIONAL.fullmatch(folded))


def search_key(*lines: str) -> str | None:
    """Folds lines for searching, one below the other. None where lower-casing them gives the same.

    That the database does while it reads, so a row of plain ASCII costs nothing more.
    """
    if all(line.isascii() and "  " not in line for line in lines):
        return None
    return "\n".join(map(fold, lines))


def pasted(secret: str) -> str:
    """Removes what copying adds to a token, code or ticket id: white space, line breaks, invisible characters."""
    return "".join(_NOT_SEEN.sub("", secret).split())
