"""Whether a ledger agrees with itself: what its counters say, its capacities, and its decision logs."""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.db import connection

from events.domain.decision_log.merkle import TILE_WIDTH, Tree, leaf_hashes
from events.domain.decision_log.notes import Checkpoint
from events.domain.decision_log.tiles import Tile
from events.ledger.decision_log.read import LogHead, bundle_of, log_head
from events.management.ledger_drill.report import Finding
from events.models import DecisionLog
from events.services.decision_log import NotSigned, signer
from verify import omnify_verify

_COUNTED = """
SELECT e.id, {columns} FROM {table} e LEFT JOIN events_registration r ON r.{key} = e.id GROUP BY e.id ORDER BY e.id
"""


def _counted(table: str, capacity: str, key: str, statuses: Sequence[str]) -> str:
    """Returns a query of id, capacity and counters of each row, and behind them what its tickets add up to: seats, then
    companions, of each status; confirmed and held ones first."""
    counts = [f"e.{status}_{what}" for what in ("count", "companions") for status in statuses]
    sums = [
        f"coalesce(sum({seats}) FILTER (WHERE r.status = '{status}'), 0)"
        for seats in ("r.quantity", "r.quantity - 1")
        for status in statuses
    ]
    columns = ", ".join((f"e.{capacity}", *counts, *sums))
    return _COUNTED.format(columns=columns, table=table, key=key)


_LINE = ("confirmed", "held", "waitlisted")
_EVENTS = _counted("events_event", "max_capacity", "event_id", (*_LINE, "entered"))
_TYPES = _counted("events_tickettype", "capacity", "ticket_type_id", _LINE)
_TWICE = "SELECT count(*) FROM (SELECT 1 FROM events_registration GROUP BY event_id, ticket_key HAVING count(*) > 1) t"


def prove_ledger() -> Iterator[Finding]:
    """Looks at the database of this process. Reads all registrations and all decision logs once."""
    yield from _counters("events", _EVENTS)
    yield from _counters("ticket types", _TYPES)
    [(twice,)] = _rows(_TWICE)
    yield Finding("each ticket is decided once", not twice, f"{twice} are there twice" if twice else "")
    yield _logs()


def _counters(what: str, query: str) -> Iterator[Finding]:
    found = _rows(query)
    sums = [(event_id, capacity, rest[: len(rest) // 2], rest[len(rest) // 2 :]) for event_id, capacity, *rest in found]
    wrong = [event_id for event_id, _, counts, seats in sums if counts != seats]
    over = [event_id for event_id, capacity, _, seats in sums if seats[0] + seats[1] > capacity]
    yield Finding(f"counters of {what} are what their tickets add up to", not wrong, _named(len(found), wrong))
    yield Finding(f"no capacity of {what} is exceeded", not over, _named(len(found), over))


def _named(count: int, wrong: list[int]) -> str:
    return f"not of {', '.join(map(str, wrong[:20]))}" if wrong else f"{count} looked at"


def _logs() -> Finding:
    ids = list(DecisionLog.objects.order_by("pk").values_list("pk", flat=True))
    problems = {event_id: problem for event_id in ids if (problem := _log_problem(event_id))}
    seen = "; ".join(f"event {event_id}: {problem}" for event_id, problem in list(problems.items())[:5])
    return Finding(
        "each decision log is its tree's, and follows the rules", not problems, seen or f"{len(ids)} looked at"
    )


def _log_problem(event_id: int) -> str:
    """Returns what is wrong with an event's log, to the verifier that anyone has; of one that no key signs, and in part
    of one whose key is not here, the tree alone."""
    head = log_head(event_id)
    assert head is not None
    bundles = [(tile, bundle_of(event_id, tile)) for tile in _tiles(head.tree.size)]
    entries = [entry for _, data in bundles for entry in _unframed(data)]
    tree, _ = Tree().append(leaf_hashes(entries))
    if tree != head.tree:
        return f"its {len(entries)} entries are not those of its tree of {head.tree.size}"
    try:
        note = signer(head.origin, head.key).sign(Checkpoint(head.origin, head.tree.size, head.tree.root).text)
        key = signer(head.origin, head.key).verifier_key
    except NotSigned:
        return ""
    with tempfile.TemporaryDirectory() as folder:
        _write_log(Path(folder), head, note, key, bundles)
        return _verified(folder, event_id, key)


def _write_log(folder: Path, head: LogHead, note: str, key: str, bundles: list[tuple[Tile, bytes]]) -> None:
    """Writes what the service serves of a log, as far as the verifier reads it."""
    (folder / "checkpoint").write_text(note, "utf-8")
    (folder / "key").write_text(key, "utf-8")
    base = folder / (str(head.number) if head.number > 1 else "") / "tile"
    for tile, data in bundles:
        file = base / tile.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _verified(folder: str, event_id: int, key: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = omnify_verify.main([folder, str(event_id), "--key", key])
    return "" if code == 0 else out.getvalue().strip().replace("\n", "; ")[-300:]


def _tiles(size: int) -> Iterator[Tile]:
    for first in range(0, size, TILE_WIDTH):
        yield Tile(None, first // TILE_WIDTH, min(TILE_WIDTH, size - first))


def _unframed(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2])
        yield data[at + 2 : end]
        at = end


def _rows(query: str) -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())
