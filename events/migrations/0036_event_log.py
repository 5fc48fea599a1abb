"""The event log, in batches, and where a delivery's message stands in it. It begins with this release.

Batches are stored as they are: they are compressed already.
"""

import django.db.models.deletion
from django.db import migrations, models


def store_plainly(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE events_messagebatch ALTER COLUMN messages SET STORAGE EXTERNAL")


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0035_mail_event_pages'),
    ]

    operations = [
        migrations.CreateModel(
            name='MessageBatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.BigIntegerField(null=True)),
                ('position', models.BigIntegerField(null=True)),
                ('size', models.PositiveIntegerField()),
                ('messages', models.BinaryField()),
                ('created_at', models.DateTimeField()),
                ('organizer', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, to='events.organizer')),
            ],
            options={
                'indexes': [models.Index(fields=['organizer', 'created_at', 'position'], name='message_batch_by_time'), models.Index(condition=models.Q(('position', None)), fields=['organizer', 'id'], name='message_batch_unread')],
                'constraints': [models.UniqueConstraint(fields=('organizer', 'position'), name='message_batch_in_order')],
            },
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='log_batch',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='log_index',
            field=models.IntegerField(null=True),
        ),
        migrations.RunPython(store_plainly, migrations.RunPython.noop, elidable=False),
    ]
