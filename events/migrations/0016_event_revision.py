"""How often an event was changed by its organizer, and when last: what a calendar tells a newer entry by."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0015_check_ins")]

    operations = [
        migrations.AddField(
            model_name="event",
            name="revision",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="event",
            name="changed_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
