"""`python -m bench compare BEFORE AFTER`: whether a change costs the crowd anything.

Takes two results of `python -m bench` (the `.json`, or the `.md` beside it). What the door does with a crowd must keep
0.95 of the older figure, what the drain does 0.85; everything else is shown and not judged. Both figures are ratios to
baselines of their own run, so a machine that is slower the second time slows neither; take the same machine all the
same. Ends with 1 if something fell, and with 2 if the two cannot be compared.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOOR, DRAIN = 0.95, 0.85
# Measures against a baseline that no change of the service touches.
SHARES = {"accepts": DOOR, "browser": DOOR, "polls": DOOR, "drain": DRAIN, "terminal": DRAIN}
OK, FELL, MISSING = "ok", "FELL", "MISSING"


class CannotCompareError(Exception):
    """Not two results of one bench."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of both. `kept` is what is left of the older figure, more than 1 if it is better now; None if one of
    the two has no such line. `share` is what must be left, None if the line is not judged."""

    name: str
    before: float | None
    after: float | None
    kept: float | None
    share: float | None

    @property
    def mark(self) -> str:
        """What stands in the last column."""
        if self.share is None:
            return ""
        if self.kept is None:
            return MISSING
        return OK if self.kept >= self.share else FELL


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every line of `before`, and how much of it is left in `after`."""
    lines = {line["name"]: line for line in after["lines"]}
    return [_difference(line, lines.get(line["name"])) for line in before["lines"]]


def _difference(before: Mapping[str, Any], after: Mapping[str, Any] | None) -> Difference:
    judged = before["at_least"] is not None or before["at_most"] is not None
    share = SHARES.get(before["measure"]) if judged else None
    if after is None:
        return Difference(before["name"], before["measured"], None, None, share)
    above, below = after["measured"], before["measured"]
    if before["at_most"] is not None:  # less is better
        above, below = below, above
    return Difference(before["name"], before["measured"], after["measured"], above / below if below else None, share)


def print_differences(found: Sequence[Difference]) -> None:
    """The table."""
    width = max(len(one.name) for one in found)
    print(f"{'what':<{width}}  {'before':>9}  {'after':>9}  {'kept':>6}  {'at least':>8}")
    for one in found:
        figures = (_text(one.before, 9), _text(one.after, 9), _text(one.kept, 6), _text(one.share, 8))
        print("  ".join((f"{one.name:<{width}}", *figures, one.mark)).rstrip())


def _text(figure: float | None, width: int) -> str:
    return f"{figure:>{width}.3g}" if figure is not None else " " * width


def read(path: Path) -> dict[str, Any]:
    """A result. Raises CannotCompareError."""
    try:
        found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text("utf-8"))
        if not found["lines"]:
            raise CannotCompareError(f"{path}: nothing was measured")
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise CannotCompareError(f"{path}: not a result of the bench ({problem})") from problem
    return found


def main(words: Sequence[str]) -> int:
    """Compares two files."""
    if len(words) != 2:
        print("usage: python -m bench compare BEFORE AFTER", file=sys.stderr)
        return 2
    try:
        before, after = (read(Path(word)) for word in words)
    except CannotCompareError as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    for name in ("machine", "client", "options"):
        if _same(before, name) != _same(after, name):
            print(f"the two differ in their {name}: {_same(before, name)} and {_same(after, name)}")
    found = differences(before, after)
    print_differences(found)
    fallen = [one.name for one in found if one.mark in (FELL, MISSING)]
    print(f"\nfell: {'; '.join(fallen)}" if fallen else "\nnothing fell")
    return 1 if fallen else 0


def _same(result: Mapping[str, Any], name: str) -> Any:
    facts = result.get(name)
    # The time of an fsync is another one each time.
    return {key: fact for key, fact in facts.items() if key != "fsync_us"} if isinstance(facts, dict) else facts
