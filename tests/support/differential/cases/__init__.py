"""The cases, by what they are about. Each is a name and a function of `Requests` that gives bytes, or steps."""

from __future__ import annotations

from tests.support.differential.cases import (
    bodies,
    connections,
    duplicates,
    events,
    fields,
    framing,
    lines,
    polls,
    sizes,
    splits,
)
from tests.support.differential.observation import Case

FAMILIES: dict[str, dict[str, Case]] = {
    module.__name__.rpartition(".")[2]: module.CASES
    for module in (bodies, connections, duplicates, events, fields, framing, lines, polls, sizes, splits)
}
