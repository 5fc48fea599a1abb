"""A draw on a running service, and an operator who changes its tables: the stand-alone verifier, run as a program, says
what was done."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
import pytest

from events.domain.decision_log.merkle import Tree
from omnify.embedded.programs import ROOT
from tests.support.decision_log import unframe
from tests.support.forged_draw import FOUND, Entries, rewritten
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service
from tests.support.waiting import wait_until
from verify.omnify_verify import leaf

pytestmark = [pytest.mark.acceptance, pytest.mark.soak(only=True)]

SEATS, POSITIONS, GUESTS = 2, 3, 9
VERIFIER = ROOT / "verify" / "omnify_verify.py"


def drawn_event(service: Service) -> Event:
    """An event whose draw was held. A machine that is too busy to let all in before it gets more time."""
    for seconds in (6, 20, 60):
        at = datetime.now(UTC) + timedelta(seconds=seconds)
        event = open_event(
            service, capacity=SEATS, waitlist_capacity=POSITIONS, admission="draw", draw_at=at.isoformat()
        )
        answers = [event.register(guest) for guest in range(GUESTS)]
        if all(answer.status == 202 for answer in answers):
            return held(event)
    raise AssertionError("no guest could register in time")


def held(event: Event) -> Event:
    """The event once its draw was held."""
    wait_until(lambda: event.public()["draw_state"] == "drawn", "the draw is held", seconds=120)
    return event


def verified(event: Event, *options: str) -> subprocess.CompletedProcess[str]:
    url = f"http://{event.service.address.host}:{event.service.address.port}"
    command = [sys.executable, str(VERIFIER), url, str(event.id), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


class Tables:
    """The tables of a log, in the hands of their operator."""

    def __init__(self, event: Event) -> None:
        self._event_id = event.id
        self._signed = event.service.home / "signed-logs" / f"{event.id}.checkpoint"
        self._database = psycopg2.connect(event.service.superuser_url())

    def read(self) -> Entries:
        query = "SELECT entries FROM events_decisionlogchunk WHERE log_id = %s ORDER BY first_index"
        with self._database, self._database.cursor() as cursor:
            cursor.execute(query, [self._event_id])
            return [entry for (chunk,) in cursor.fetchall() for entry in unframe(bytes(chunk))]

    @contextmanager
    def as_if(self, entries: Entries) -> Iterator[None]:
        """The log as if it had always been this: its tree too, and nothing is left of what was signed."""
        before = self.read()
        self._write(entries)
        try:
            yield
        finally:
            self._write(before)

    def _write(self, entries: Entries) -> None:
        tree, _ = Tree().append([leaf(entry) for entry in entries])
        framed = b"".join(len(entry).to_bytes(2) + entry for entry in entries)
        with self._database, self._database.cursor() as cursor:
            cursor.execute("DELETE FROM events_decisionlogchunk WHERE log_id = %s", [self._event_id])
            cursor.execute(
                "INSERT INTO events_decisionlogchunk (log_id, first_index, behind_index, last_sequence, entries,"
                " tile_hashes) VALUES (%s, 0, %s, 99, %s, '')",
                [self._event_id, tree.size, framed],
            )
            where = [tree.size, tree.packed, self._event_id]
            cursor.execute("UPDATE events_decisionlog SET size = %s, frontier = %s WHERE event_id = %s", where)
        self._signed.unlink(missing_ok=True)

    def close(self) -> None:
        self._database.close()


def test_an_operator_who_tampers_with_a_draw_is_caught(service: Service, tmp_path: Path) -> None:
    event = drawn_event(service)
    honest = verified(event)
    assert honest.returncode == 0, honest.stdout + honest.stderr
    assert "the draw is held" in honest.stdout
    kept = tmp_path / "kept.checkpoint"
    kept.write_bytes(service.address.ask("GET", f"{event.path}/log/checkpoint").body)
    tables = Tables(event)
    try:
        entries = tables.read()
        for attack, said in FOUND.items():
            with tables.as_if(attack(entries, SEATS, POSITIONS)):
                found = verified(event)
            assert (found.returncode, said in found.stdout) == (1, True), (attack.__name__, found.stdout, found.stderr)
        with tables.as_if(rewritten(entries, SEATS, POSITIONS)):
            # By the rules alone nothing is wrong with it: who knew the secret before the seal could have done so.
            assert verified(event).returncode == 0
            since = verified(event, "--since", str(kept))
        assert (since.returncode, "rewritten" in since.stdout) == (1, True), since.stdout
    finally:
        tables.close()
    assert verified(event, "--since", str(kept)).returncode == 0
