"""Time zones of venues, and descriptions in a table of their own. Both columns have a default; no row is rewritten."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0029_mail'),
    ]

    operations = [
        migrations.CreateModel(
            name='EventDescription',
            fields=[
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='described', serialize=False, to='events.event')),
                ('text', models.TextField()),
            ],
        ),
        migrations.AddField(
            model_name='event',
            name='description_version',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='timezone',
            field=models.CharField(db_default='UTC', default='UTC', max_length=64),
        ),
    ]
