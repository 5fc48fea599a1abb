"""Migrations expand the schema first and contract it in a later release."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader

from tests.support.migration_rules import APP, BASELINE, later_migrations, problems

VERSION = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]
NARROW = models.CharField(max_length=20, db_default="")


def drop(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(DROP)


DROP = "ALTER TABLE events_event DROP COLUMN location"

REFUSED = [
    migrations.RemoveField("event", "location"),
    migrations.DeleteModel("SizeChange"),
    migrations.RenameField("event", "location", "place"),
    migrations.RenameModel("SizeChange", "Resize"),
    migrations.AlterModelTable("event", "happening"),
    migrations.AddField("event", "colour", models.CharField(max_length=20)),
    migrations.AddField("event", "colour", models.CharField(max_length=20, default="red")),
    migrations.AlterField("event", "decided_at", models.DateTimeField()),
    migrations.AlterField("event", "name", models.CharField(max_length=100)),
    migrations.AlterField("event", "version", models.IntegerField(default=1)),
    migrations.AlterField("event", "revision", models.PositiveIntegerField(default=0)),
    migrations.AlterField("event", "name", models.CharField(max_length=255, unique=True)),
    migrations.AlterField("event", "name", models.CharField(max_length=255, db_column="title")),
    migrations.RunSQL(DROP),
    migrations.RunSQL([("ALTER TABLE events_event RENAME COLUMN location TO place", None)]),
    migrations.RunPython(drop),
    migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("event", "location")]),
]
ALLOWED = [
    migrations.CreateModel("Hold", [("id", models.BigAutoField(primary_key=True)), ("seats", models.IntegerField())]),
    migrations.AddField("event", "colour", models.CharField(max_length=20, db_default="")),
    migrations.AddField("event", "colour", models.CharField(max_length=20, null=True)),
    migrations.AlterField("event", "name", models.CharField(max_length=300)),
    migrations.AlterField("event", "name", models.TextField()),
    migrations.AlterField("registration", "revision", models.PositiveBigIntegerField(default=1)),
    migrations.AddIndex("event", models.Index(fields=["name"], name="event_by_name")),
    migrations.RunSQL("CREATE VIEW events_names AS SELECT name FROM events_event", "DROP VIEW events_names"),
    migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField("event", "location")]),
]


def check(operation: Any, **fields: str) -> list[str]:
    """Problems of a migration with one operation, on the schema of today."""
    migration = type("Migration", (migrations.Migration,), {"operations": [operation], **fields})("9999_next", APP)
    return problems(migration, MigrationLoader(None).project_state(), version="1.5.0")


@pytest.mark.parametrize("operation", REFUSED, ids=lambda operation: operation.describe())
def test_what_the_running_release_would_not_survive_is_refused(operation: Any) -> None:
    assert len(check(operation)) == 1


@pytest.mark.parametrize("operation", ALLOWED, ids=lambda operation: operation.describe())
def test_what_the_running_release_can_ignore_is_allowed(operation: Any) -> None:
    assert check(operation) == []


def test_a_column_may_go_when_an_earlier_release_works_without_it() -> None:
    remove = migrations.RemoveField("event", "location")
    assert check(remove, unused_since="1.4.0") == []
    assert len(check(remove, unused_since="1.5.0")) == 1


def test_the_rule_would_have_refused_migrations_before_it() -> None:
    loader = MigrationLoader(None)
    nodes = [node for node in loader.graph.forwards_plan(BASELINE) if node[0] == APP]
    found = [
        problem
        for node in nodes
        for problem in problems(loader.get_migration(*node), loader.project_state(node, at_end=False), version=VERSION)
    ]
    assert any(problem.startswith("0002_drop_day: ") for problem in found)


def test_every_migration_since_the_baseline_expands() -> None:
    found = [
        problem for migration, before in later_migrations() for problem in problems(migration, before, version=VERSION)
    ]
    assert found == []
