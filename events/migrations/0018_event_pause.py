"""Since when the registration for an event is paused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ('events', '0017_event_visibility'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='paused_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
