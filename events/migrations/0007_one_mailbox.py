"""Gives every mailbox one key, however its domain was spelled (`events.domain.attendee.email_key`).

Where two seats of one event turn out to be one person's, both stay: an update takes no seat away. The one with the
domain in letters keeps the key that it had, which no new registration gets.
"""

import sys

from django.db import IntegrityError, migrations, transaction

from events.domain.attendee import email_key

BATCH = 1000
NOT_ASCII = r"[^\x01-\x7f]"
HOLDING = ("confirmed", "waitlisted")


def unite(apps, schema_editor):
    registrations = apps.get_model("events", "Registration").objects
    kept, last = 0, 0
    # Only what is not ASCII can change: one look at each row, and hardly ever a write.
    rows = registrations.filter(email_key__regex=NOT_ASCII).order_by("pk").values_list("pk", "event_id", "email_key", "status")
    while batch := list(rows.filter(pk__gt=last)[:BATCH]):
        for pk, event_id, old, status in batch:
            kept += not _rename(registrations, pk, event_id, email_key(old), holding=status in HOLDING)
        last = batch[-1][0]
    if kept:
        print(f" {kept} registrations share a mailbox with another seat of their event and keep it.", file=sys.stderr)


def _rename(registrations, pk, event_id, key, *, holding):
    twin = registrations.filter(event_id=event_id, email_key=key, status__in=HOLDING).exclude(pk=pk)
    if holding and twin.exists():
        return False
    try:
        with transaction.atomic():
            registrations.filter(pk=pk).update(email_key=key)
    except IntegrityError:  # a drain was quicker
        return False
    return True


class Migration(migrations.Migration):
    # In many small steps: a drop may be running.
    atomic = False

    dependencies = [("events", "0006_cancellation_reasons")]

    operations = [migrations.RunPython(unite, migrations.RunPython.noop)]
