"""Adds a function that runs statements which may be refused for the data they carry.

It catches the error, so PostgreSQL writes neither the statement nor its values to its log. See `events.ledger.quietly`.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

FUNCTION = """
CREATE OR REPLACE FUNCTION events_run_quietly(
    statement text, document json, others json, event_id bigint, moment timestamptz
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
BEGIN
    EXECUTE statement USING document, others, event_id, moment;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RETURN 'rows ' || touched;
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
    RETURN 'refused ' || SQLSTATE;
END
$$
"""


def make(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FUNCTION, params=None)


def drop(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP FUNCTION IF EXISTS events_run_quietly")


class Migration(migrations.Migration):
    dependencies = [("events", "0008_tried_before")]

    operations = [migrations.RunPython(make, drop, elidable=False)]
