"""Results of organizers' corrections of guests' names and e-mails."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0021_ticket_types'),
    ]

    operations = [
        migrations.CreateModel(
            name='GuestCorrection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=20)),
                ('sequence', models.BigIntegerField()),
                ('ticket_key', models.CharField(max_length=20)),
                ('verdict', models.CharField(choices=[('applied', 'applied'), ('duplicate', 'duplicate'), ('no_seat', 'no_seat'), ('event_over', 'event_over')], max_length=20)),
                ('freed_digest', models.CharField(blank=True, default='', max_length=64)),
                ('decided_at', models.DateTimeField()),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='guest_corrections', to='events.event')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event', 'key'), name='guest_correction_once')],
            },
        ),
    ]
