"""The restore drill, with PostgreSQL's own programs and a second server: what it proves, and what it finds."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events.management.commands import drill
from events.management.ledger_drill import backup
from events.management.ledger_drill.backup import CannotDrill, find_program
from events.models import Event, Registration
from tests.support.in_process.decision_log import commit, registration

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_memory"),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="a drill is of PostgreSQL's backups"),
]

Make = Callable[..., Event]


def run(command: str, **options: Any) -> str:
    """What the command prints, with the sentence that it ends with if it fails."""
    out = io.StringIO()
    try:
        call_command(command, stdout=out, **options)
    except CommandError as problem:
        out.write(f"{problem.returncode}: {problem}\n")
    return out.getvalue()


@pytest.fixture
def decided(make_event: Make) -> Event:
    """An event with two decisions, one of them confirmed."""
    event = make_event(max_capacity=1)
    commit(event, [registration(1), registration(2)])
    return event


def test_a_backup_has_all_that_was_decided_and_what_came_after_it_is_named(
    decided: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, dump = list(Registration.objects.values()), drill.dump

    def dump_while_people_register(*args: Any, **options: Any) -> None:
        commit(decided, [registration(3)])
        dump(*args, **options)

    monkeypatch.setattr(drill, "dump", dump_while_people_register)
    printed = run("drill")
    assert "✗" not in printed
    assert "✓ every table has what it had, row by row: " in printed
    assert "✓ each decision log is its tree's, and follows the rules: 1 looked at" in printed
    assert f"event {decided.pk}: a restore would lack 1 tickets and 0 changes of others" in printed
    assert "workers would call the other 1 `lost`" in printed
    assert list(Registration.objects.filter(sequence__lt=3).values()) == live


@pytest.mark.soak(only=True)
def test_a_backup_that_lacks_a_decision_is_found(decided: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    restore = drill.restore

    def lose_one(url: str, *args: Any, **options: Any) -> None:
        restore(url, *args, **options)
        with drill.psycopg2.connect(url) as other, other.cursor() as cursor:
            cursor.execute("DELETE FROM events_registration WHERE status = 'confirmed'")

    monkeypatch.setattr(drill, "restore", lose_one)
    printed = run("drill")
    assert "✗ every table has what it had, row by row: events_registration" in printed
    assert f"✗ counters of events are what their tickets add up to: not of {decided.pk}" in printed
    assert "1: The backup does not restore to what was there." in printed


def test_groups_that_are_counted_wrongly_are_found(decided: Event) -> None:
    Event.objects.filter(pk=decided.pk).update(entered_companions=1)
    assert f"✗ counters of events are what their tickets add up to: not of {decided.pk}" in run("prove_ledger")


def test_a_log_that_was_changed_is_found(decided: Event) -> None:
    assert "✗" not in run("prove_ledger")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE events_decisionlogchunk SET entries = set_byte(entries, 5, get_byte(entries, 5) # 1)")
    assert f"✗ each decision log is its tree's, and follows the rules: event {decided.pk}: its " in run("prove_ledger")


def test_a_database_with_tables_is_never_restored_into(decided: Event) -> None:
    assert (
        run("drill", into=drill._live_url())
        == "2: --into: this database is not empty, and what is in it is left alone\n"
    )
    assert Registration.objects.count() == 2


def test_a_pg_dump_that_is_too_old_or_missing_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        CannotDrill, match=r"pg_dump of PostgreSQL 99 or newer is needed .*postgresql-client-99\); found /"
    ):
        find_program("pg_dump", server=99)
    monkeypatch.setattr(backup, "_candidates", lambda name: iter(()))
    with pytest.raises(CannotDrill, match=r"is needed \(on Debian: apt install postgresql-client-18\)$"):
        find_program("pg_dump", server=18)
