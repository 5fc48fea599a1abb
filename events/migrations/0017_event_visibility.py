"""Who sees an event: all, those who know its address, or its organizer alone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0016_event_revision")]

    operations = [
        migrations.AddField(
            model_name='event',
            name='visibility',
            field=models.CharField(choices=[('public', 'public'), ('unlisted', 'unlisted'), ('draft', 'draft')], db_default='public', default='public', max_length=8),
        ),
    ]
