"""Mails of an event: which pages of the table they are in. An index of a few kilobytes, which costs decisions nothing to
speak of, and is built beside them."""

from django.db import migrations


def build(apps, schema_editor):
    """Builds it anew: one that was broken off is there, but invalid."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS mail_event_pages")
        schema_editor.execute(
            "CREATE INDEX CONCURRENTLY mail_event_pages ON events_mail USING brin (event_id)"
            " WITH (pages_per_range = 16, autosummarize = on)"
        )


def remove(apps, schema_editor):
    """The release before does without."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX IF EXISTS mail_event_pages")


class Migration(migrations.Migration):

    atomic = False
    dependencies = [
        ('events', '0034_mail_urgent'),
    ]

    operations = [
        migrations.RunPython(build, remove),
    ]
