"""Which migrations a release may carry: those under which the release before it still works (expand, then contract).

During an upgrade both releases run on one schema, and after a failed one the old release goes on alone. So a migration
may only add what the old code can ignore. What takes something away comes in a later release, once nothing uses it, and
says so: `unused_since = "1.4.0"` on the migration names the first release whose code works without it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from django.db import models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState

APP = "events"
# Migrations up to this one are older than the rule.
BASELINE = (APP, "0016_event_revision")

_REFUSED = {
    operations.RemoveField: "removes a column that the running release reads and writes",
    operations.DeleteModel: "removes a table that the running release reads and writes",
    operations.RenameField: "renames a column: add one, copy, and remove the old one in a later release",
    operations.RenameModel: "renames a table: the running release knows the old name",
    operations.AlterModelTable: "renames a table: the running release knows the old name",
}
_CONTRACTS = re.compile(r"\b(DROP\s+(TABLE|COLUMN|VIEW|SCHEMA)|RENAME|TRUNCATE|SET\s+NOT\s+NULL)\b", re.IGNORECASE)
# Types that hold every value of the one before them.
_WIDER = {
    "SmallIntegerField": {"IntegerField", "BigIntegerField"},
    "PositiveSmallIntegerField": {"PositiveIntegerField", "PositiveBigIntegerField", "IntegerField", "BigIntegerField"},
    "PositiveIntegerField": {"PositiveBigIntegerField", "BigIntegerField"},
    "IntegerField": {"BigIntegerField"},
    "CharField": {"TextField"},
}


def later_migrations(loader: MigrationLoader | None = None) -> list[tuple[Migration, ProjectState]]:
    """The app's migrations after the baseline, each with the schema before it. Needs no database."""
    loader = loader or MigrationLoader(None, ignore_no_migrations=True)
    known = set(loader.graph.forwards_plan(BASELINE))
    plan = [node for leaf in loader.graph.leaf_nodes(APP) for node in loader.graph.forwards_plan(leaf)]
    later = [node for node in dict.fromkeys(plan) if node[0] == APP and node not in known]
    return [(loader.get_migration(*node), loader.project_state(node, at_end=False)) for node in later]


def problems(migration: Migration, before: ProjectState, *, version: str) -> list[str]:
    """What the release before `version` would not survive, one sentence each; nothing for a contraction in its time."""
    unused_since = getattr(migration, "unused_since", None)
    if unused_since is not None:
        if _numbers(unused_since) < _numbers(version):
            return []
        return [f"{migration.name}: release {unused_since}, which has no use for it, must come before {version}"]
    state, found = before.clone(), []
    for operation in migration.operations:
        found += [f"{migration.name}: {operation.describe()}: {what}" for what in _problems(operation, state)]
        operation.state_forwards(APP, state)
    return found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _problems(operation: Any, state: ProjectState) -> Iterator[str]:
    match operation:
        case operations.AddField():
            yield from _added(operation.field)
        case operations.AlterField():
            before = state.models[APP, operation.model_name_lower].fields[operation.name]
            yield from _altered(before, operation.field)
        case operations.RunSQL():
            yield from _executed(str(operation.sql))
        case operations.RunPython():
            yield from _executed(_text_of(operation.code))
        case operations.SeparateDatabaseAndState():
            # What only the state loses stays in the database: this is how a release stops using a column.
            for part in operation.database_operations:
                yield from _problems(part, state)
        case _ if type(operation) in _REFUSED:
            yield _REFUSED[type(operation)]


def _added(field: models.Field[Any, Any]) -> Iterator[str]:
    optional = field.null or field.has_db_default() or field.many_to_many or getattr(field, "generated", False)
    if not optional:
        yield "the running release inserts rows without this column: give it null=True or a db_default"


def _altered(before: models.Field[Any, Any], after: models.Field[Any, Any]) -> Iterator[str]:
    if before.null and not after.null:
        yield "the running release may write NULL into this column"
    if before.has_db_default() and not (after.has_db_default() or after.null):
        yield "the running release may leave this column to its default"
    if not before.unique and after.unique:
        yield "the running release may write one value twice"
    old, new = before.get_internal_type(), after.get_internal_type()
    if new != old and new not in _WIDER.get(old, set()):
        yield f"a {new} does not hold all that a {old} does"
    if after.max_length is not None and after.max_length < (before.max_length or 1 << 62):
        yield "the running release may write longer values"
    if before.db_column != after.db_column:
        yield _REFUSED[operations.RenameField]


def _executed(text: str) -> Iterator[str]:
    if _CONTRACTS.search(text):
        yield "its SQL takes something away"


def _text_of(code: Any) -> str:
    """A function's source, with the texts that stand beside it and that it names."""
    named = (code.__globals__.get(name) for name in code.__code__.co_names)
    return "\n".join([inspect.getsource(code), *(text for text in named if isinstance(text, str))])
