"""A change of sizes that was ordered after the event's end is refused with a word of its own."""

from django.db import migrations, models

_VERDICTS = ("applied", "below_confirmed", "below_waitlisted", "event_over")


class Migration(migrations.Migration):
    dependencies = [("events", "0013_marks")]

    operations = [
        migrations.AlterField(
            model_name="sizechange",
            name="verdict",
            field=models.CharField(choices=[(verdict, verdict) for verdict in _VERDICTS], max_length=20),
        ),
    ]
