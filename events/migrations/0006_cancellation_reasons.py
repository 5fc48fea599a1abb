"""Says by whom cancelled registrations were cancelled: by the event's end if they were decided after it, else by the
holder."""

from django.db import migrations, models

_REASONS = (
    *("sold_out", "duplicate", "registration_closed", "event_cancelled", "invalid"),
    *("by_holder", "by_organizer"),
)


def name_reasons(apps, schema_editor):
    Event = apps.get_model("events", "Event")
    Registration = apps.get_model("events", "Registration")
    for event_id, cancelled_at in Event.objects.filter(cancelled_count__gt=0).values_list("pk", "cancelled_at"):
        # A row that was checked in and then given back stays without a reason: today that cannot happen.
        unsaid = Registration.objects.filter(event_id=event_id, status="cancelled", reason="", checked_in_at=None)
        if cancelled_at is not None:
            unsaid.filter(decided_at__gte=cancelled_at).update(reason="event_cancelled")
        unsaid.update(reason="by_holder")


class Migration(migrations.Migration):
    dependencies = [("events", "0005_delivery_room")]

    operations = [
        migrations.AlterField(
            model_name="registration",
            name="reason",
            field=models.CharField(
                blank=True, choices=[(reason, reason) for reason in _REASONS], default="", max_length=20
            ),
        ),
        migrations.RunPython(name_reasons, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="registration",
            index=models.Index(
                condition=models.Q(("status", "cancelled")),
                fields=["event", "sequence", "id"],
                name="registration_cancelled",
            ),
        ),
    ]
