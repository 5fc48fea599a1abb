"""Decision logs, of events that have decided nothing yet: the others go on without one.

Chunks are stored as they are: trying to compress them costs PostgreSQL as much again as writing them.
"""

import django.db.models.deletion
from django.db import migrations, models


def store_plainly(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE events_decisionlogchunk ALTER COLUMN entries SET STORAGE EXTERNAL")


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0026_audit_by_object'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='has_log',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.CreateModel(
            name='DecisionLog',
            fields=[
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='decision_log', serialize=False, to='events.event')),
                ('origin', models.CharField(max_length=255)),
                ('key', models.BinaryField()),
                ('mailbox_key', models.BinaryField()),
                ('size', models.BigIntegerField()),
                ('frontier', models.BinaryField()),
                ('terms', models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name='DecisionLogChunk',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_index', models.BigIntegerField()),
                ('behind_index', models.BigIntegerField()),
                ('last_sequence', models.BigIntegerField()),
                ('entries', models.BinaryField()),
                ('tile_hashes', models.BinaryField()),
                ('log', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='chunks', to='events.decisionlog')),
            ],
            options={
                'indexes': [models.Index(fields=['log', 'last_sequence'], name='decision_log_by_sequence')],
                'constraints': [models.UniqueConstraint(fields=('log', 'first_index'), name='decision_log_chunk_once'), models.CheckConstraint(condition=models.Q(('behind_index__gt', models.F('first_index'))), name='decision_log_chunk_not_empty')],
            },
        ),
        migrations.RunPython(store_plainly, migrations.RunPython.noop, elidable=False),
    ]
