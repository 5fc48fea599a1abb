"""The Lua scripts, loaded once and called by digest.

One file, one operation. Each file's header lists its keys, arguments and reply; `calls` has a typed function for each,
`replies` what it replies.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

_FOLDER = Path(__file__).parent / "lua"

Argument = str | bytes | int | float

# redis-py types replies as unions over all its modes and protocols; here they are what the script says.
Redis = Any
AsyncRedis = Any


# `local NAME, OTHER, THIRD = 1, 'two', KEYS[3]`: constants, which have names in capitals.
_CONSTANTS = re.compile(
    r"^local ([A-Z][A-Z0-9_]*(?:, [A-Z][A-Z0-9_]*)*) = (VALUE(?:, VALUE)*)(?= *(?:--.*)?$)".replace(
        "VALUE", r"(?:'[^'\n]*'|\d+|KEYS\[\d+\])"
    ),
    re.M,
)
_VALUE = re.compile(r"'[^'\n]*'|KEYS\[\d+\]|\d+")
_TEXT_OR_NAME = re.compile(r"'[^'\n]*'|--[^\n]*|\b[A-Z][A-Z0-9_]*\b")


def put_constants_in_place(text: str) -> str:
    """Replaces the names of constants by their values. Lines stay where they are.

    A script runs from its first line at each call, and Lua looks for every local that a function uses in the list of
    all of them: with some fifty constants that is a tenth of a small call's time.
    """
    values: dict[str, str] = {}

    def take(line: re.Match[str]) -> str:
        values.update(zip(line[1].split(", "), _VALUE.findall(line[2]), strict=True))
        return ""

    rest = _CONSTANTS.sub(take, text)
    return _TEXT_OR_NAME.sub(lambda found: values.get(found[0], found[0]), rest)


_FUNCTION = re.compile(r"^local function (\w+)\(.*?^end$", re.M | re.S)
_COMMENT = re.compile(r"--[^\n]*")
_WORD = re.compile(r"\w+")


def leave_out_unused(text: str) -> str:
    """Leaves out the functions of parts that a script does not call. Lines stay where they are.

    A script makes all its functions anew at each call.
    """
    functions, uses = list(_FUNCTION.finditer(text)), Counter(_words(text))
    while unused := [function for function in functions if uses[function[1]] == 1]:
        for function in unused:
            functions.remove(function)
            uses.subtract(_words(function[0]))
            text = text.replace(function[0], "\n" * function[0].count("\n"))
    return text


def _words(text: str) -> list[str]:
    return _WORD.findall(_COMMENT.sub("", text))


def _texts(*parts: str) -> str:
    return "".join((_FOLDER / f"{part}.lua").read_text("utf-8") for part in parts)


class Script:
    """One Lua file, after `shared.lua` and the other parts that it needs. A server that does not know it yet (new, or
    restarted) is sent the text.

    Parts that few calls need stand in functions `load_<name>`, which a call then makes, and which return what the last
    part returns.
    """

    __slots__ = ("_digest", "_text", "name")

    def __init__(self, name: str, *parts: str, **loaded: Sequence[str]) -> None:
        self.name = name
        later = (f"\nlocal load_{what} = function()\n{_texts(*of_it)}\nend\n" for what, of_it in loaded.items())
        text = _texts("shared", *parts) + "".join(later) + _texts(name)
        self._text = leave_out_unused(put_constants_in_place(text))
        # Redis names scripts by SHA-1; no secret depends on it.
        self._digest = sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    def call(self, client: Redis, keys: Sequence[str], *args: Argument) -> Any:
        """Runs the script on a blocking client."""
        try:
            return client.execute_command("EVALSHA", self._digest, len(keys), *keys, *args)
        except NoScriptError:
            return client.execute_command("EVAL", self._text, len(keys), *keys, *args)

    async def call_async(self, client: AsyncRedis, keys: Sequence[str], *args: Argument) -> Any:
        """Runs the script on the event loop's client."""
        try:
            return await client.execute_command("EVALSHA", self._digest, len(keys), *keys, *args)
        except NoScriptError:
            return await client.execute_command("EVAL", self._text, len(keys), *keys, *args)


ADMIT = Script(
    *("admit", "registration", "event", "known", "notes"),
    limiter=("limiter",),
    rules=("names", "lines", "codes", "rules"),
)
STATUS = Script("status")
READ_EVENT = Script("read_event")
PUT_EVENT = Script("put_event")
LIST_EVENT = Script("list_event")
DELETE_EVENT = Script("delete_event")
PUT_CODES = Script("put_codes", "codes")
PUBLISH = Script("publish", "codes", "trim", "history")
IDLE = Script("idle")
RENEW = Script("renew")
RELEASE = Script("release")
MARK_LOST = Script("mark_lost", "codes")
RECOVER = Script("recover")
TAKE_BACK = Script("take_back")
ADD_GUEST = Script("add_guest")
CANCEL = Script("cancel")
CONFIRM = Script("confirm")
EXPIRE = Script("expire")
ENQUEUE = Script("enqueue")
CHECK_WRITE = Script("check_write")
