"""Lines of a drill: what was looked at, whether it held, and what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """One line. `seen` is empty where there is nothing to add."""

    what: str
    held: bool
    seen: str = ""


def print_findings(findings: Iterable[Finding], write: Callable[[str], object]) -> bool:
    """Prints a line for each, as it comes. Returns whether all of them held."""
    held = True
    for finding in findings:
        write(f"{'✓' if finding.held else '✗'} {finding.what}{': ' if finding.seen else ''}{finding.seen}")
        held = held and finding.held
    return held
