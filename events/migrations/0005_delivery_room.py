"""Leaves room in the pages of deliveries: a claim then changes a row where it lies, and touches no index."""

from django.db import migrations


def leave_room(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE events_webhookdelivery SET (fillfactor = 60)")


class Migration(migrations.Migration):
    dependencies = [("events", "0004_webhooks")]

    operations = [migrations.RunPython(leave_room, migrations.RunPython.noop)]
