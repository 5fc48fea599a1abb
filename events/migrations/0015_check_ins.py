"""Makes a check-in part of a ticket's state: who has been let in keeps the seat, and changes at the entrance are found
by their moment, as decisions are."""

from django.db import migrations, models
from django.db.models import F, Q


def count_entrances(apps, schema_editor):
    Event = apps.get_model("events", "Event")
    Registration = apps.get_model("events", "Registration")
    for event_id in Event.objects.filter(confirmed_count__gt=0).values_list("pk", flat=True):
        inside = Registration.objects.filter(event_id=event_id, status="confirmed", checked_in_at__isnull=False)
        count = inside.update(check_in_changed_at=F("checked_in_at"))
        if count:
            Event.objects.filter(pk=event_id).update(checked_in_count=count)


class Migration(migrations.Migration):
    dependencies = [("events", "0014_event_over")]

    operations = [
        migrations.AddField(
            model_name="registration",
            name="check_in_changed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="event",
            name="checked_in_count",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="webhookdelivery",
            name="checked_in_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunPython(count_entrances, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="registration",
            index=models.Index(
                condition=Q(("check_in_changed_at__isnull", False)),
                fields=["event", "check_in_changed_at"],
                name="registration_entrance",
            ),
        ),
        migrations.AddConstraint(
            model_name="registration",
            constraint=models.CheckConstraint(
                condition=Q(
                    ("checked_in_at__isnull", True),
                    ("status", "confirmed"),
                    Q(("reason__in", ["", "event_cancelled"]), ("status", "cancelled")),
                    _connector="OR",
                ),
                name="registration_checked_in_keeps_seat",
            ),
        ),
    ]
