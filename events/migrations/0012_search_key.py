"""Folds what is there already for searching (`events.domain.text.fold`): only rows that are not plain ASCII get a key."""

from django.db import migrations, models
from django.db.models import Q

from events.domain.attendee import guest_search_key
from events.domain.text import search_key

BATCH = 1000
# Not ASCII, or with more than one space somewhere; and domains in the mail system's spelling.
_SPECIAL = r"[^\x01-\x7f]|  "


def fold_registrations(apps, schema_editor):
    rows = apps.get_model("events", "Registration").objects
    special = rows.filter(Q(name__regex=_SPECIAL) | Q(email__regex=_SPECIAL) | Q(email__icontains="xn--"))
    _fold(rows, special, lambda row: guest_search_key(row.name, row.email), "name", "email")


def fold_events(apps, schema_editor):
    rows = apps.get_model("events", "Event").objects
    special = rows.filter(Q(name__regex=_SPECIAL) | Q(location__regex=_SPECIAL))
    _fold(rows, special, lambda row: search_key(row.name, row.location), "name", "location")


def _fold(rows, special, made_by, *columns):
    last = 0
    in_order = special.filter(search_key=None).order_by("pk").only("pk", *columns)
    while batch := list(in_order.filter(pk__gt=last)[:BATCH]):
        for row in batch:
            row.search_key = made_by(row)
        rows.bulk_update(batch, ["search_key"], batch_size=BATCH)
        last = batch[-1].pk


class Migration(migrations.Migration):
    # In many small steps: a drop may be running.
    atomic = False

    dependencies = [("events", "0011_tokens_and_audit")]

    operations = [
        migrations.AddField("event", "search_key", models.TextField(editable=False, null=True)),
        migrations.AddField("registration", "search_key", models.TextField(editable=False, null=True)),
        migrations.RunPython(fold_events, migrations.RunPython.noop),
        migrations.RunPython(fold_registrations, migrations.RunPython.noop),
    ]
