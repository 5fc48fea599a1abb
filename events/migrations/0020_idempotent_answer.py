"""Answers to organizers' POSTs with an Idempotency-Key."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0019_event_cancel_until'),
    ]

    operations = [
        migrations.CreateModel(
            name='IdempotentAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_digest', models.CharField(max_length=64)),
                ('request_digest', models.CharField(max_length=64)),
                ('answer', models.TextField(default='', editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('organizer', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='events.organizer')),
            ],
            options={
                'indexes': [models.Index(fields=['created_at'], name='idempotent_answer_by_age')],
                'constraints': [models.UniqueConstraint(fields=('organizer', 'key_digest'), name='idempotent_answer_once')],
            },
        ),
    ]
