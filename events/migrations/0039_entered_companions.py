"""Counts the companions of groups that are in draws anew: where a group left as others entered they were not counted."""

from django.db import migrations
from django.db.models import F, Sum


def count_anew(apps, schema_editor):
    Event = apps.get_model("events", "Event")
    Registration = apps.get_model("events", "Registration")
    for event_id in Event.objects.filter(draw_state__in=["open", "sealed"]).values_list("pk", flat=True):
        # Under the row's lock nothing enters and nothing leaves.
        event = Event.objects.select_for_update().get(pk=event_id)
        entries = Registration.objects.filter(event_id=event_id, status="entered")
        event.entered_companions = entries.aggregate(found=Sum(F("quantity") - 1, default=0))["found"]
        event.save(update_fields=["entered_companions"])


class Migration(migrations.Migration):
    dependencies = [("events", "0038_delivery_hold")]

    operations = [migrations.RunPython(count_anew, migrations.RunPython.noop)]
