"""The Lua scripts and the Python that calls them name the same things."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from events.admission import calls, fields, hold_calls, publish_call
from events.admission.scripts import leave_out_unused, put_constants_in_place

LUA = Path(calls.__file__).parent / "lua"
MODULES = (calls, hold_calls, publish_call)
PARTS = {
    *("shared", "history", "event", "known", "limiter", "lines", "names", "notes", "codes", "registration", "rules"),
    "trim",
}
NAMES = sorted(path.stem for path in LUA.glob("*.lua") if path.stem not in PARTS)


def _arguments(text: str) -> list[str]:
    """The names that a script gives to ARGV[1], ARGV[2] and so on; the last may take all that are left.

    `settings` is a struct of arguments, which it unpacks.
    """
    found = re.findall(
        r"^local (\w+)(?:, \w+)* = .*?(?:ARGV\[(\d+)\]|select\((\d+), unpack\(ARGV\)\))", text, flags=re.M
    )
    assert [int(one or rest) for _, one, rest in found] == list(range(1, len(found) + 1))
    names = [name for name, _, _ in found]
    settings = re.search(r"^local ([\w,\s]+) = struct\.unpack\('>d+', settings\)$", text, flags=re.M)
    if settings is None:
        return names
    at = names.index("settings")
    return [*names[:at], *re.split(r",\s*", settings[1]), *names[at + 1 :]]


@pytest.mark.parametrize("name", NAMES)
def test_a_script_names_its_arguments_as_its_caller_does(name: str) -> None:
    [call] = [found for module in MODULES if (found := getattr(module, name, None))]
    assert list(inspect.signature(call).parameters) == ["keys", *_arguments((LUA / f"{name}.lua").read_text("utf-8"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_script_uses_keys_and_arguments_by_name_alone(name: str) -> None:
    text = (LUA / f"{name}.lua").read_text("utf-8")
    uses = [
        line for line in text.splitlines() if re.search(r"\b(KEYS|ARGV)\b(?!  )", line) and not line.startswith("--")
    ]
    assert [line for line in uses if not line.lstrip().startswith("local ")] == []


def test_both_sides_have_the_same_short_names_in_redis() -> None:
    found: dict[str, str] = {}
    for names, values in re.findall(
        r"^local ([A-Z_, ]+) = ('.*)$", (LUA / "shared.lua").read_text("utf-8"), flags=re.M
    ):
        found.update(zip(names.split(", "), re.findall(r"'(\w+)'", values), strict=True))
    there = {name: value for name, value in vars(fields).items() if name.isupper()}
    assert {name: value.decode() if isinstance(value, bytes) else value for name, value in there.items()} == found


def test_constants_are_put_in_place_and_nothing_else() -> None:
    text = (
        "local ONE, TWO = 1, 'x'  -- why\nlocal t = {ONE, TWO .. 'ONE'} -- ONE\n"
        "local STATE = KEYS[1]\nlocal SLOTS = {KEYS[2]}\nreturn t[ONE], STATE, SLOTS\n"
    )
    assert put_constants_in_place(text) == (
        "  -- why\nlocal t = {1, 'x' .. 'ONE'} -- ONE\n\nlocal SLOTS = {KEYS[2]}\nreturn t[1], KEYS[1], SLOTS\n"
    )


def test_functions_that_nothing_calls_are_left_out_with_those_that_only_they_call() -> None:
    text = (
        "local function used()\n  return 1\nend\n-- unused\nlocal function unused()\n  return inner()\nend\n"
        "local function inner()\n  return 2\nend\nreturn used()\n"
    )
    assert leave_out_unused(text) == ("local function used()\n  return 1\nend\n-- unused\n\n\n\n\n\n\nreturn used()\n")
