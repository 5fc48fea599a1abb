"""Until when holders may give a confirmed ticket back."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0018_event_pause'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='cancel_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
