"""Draws. All columns have a default; scans `registration` once, with drains waiting meanwhile: not during a drop."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0027_decision_log'),
    ]

    operations = [
        migrations.CreateModel(
            name='Draw',
            fields=[
                ('event', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='draw', serialize=False, to='events.event')),
                ('secret', models.BinaryField()),
                ('round', models.BigIntegerField(null=True)),
                ('chain', models.BinaryField(default=b'')),
                ('sealed_at', models.DateTimeField(null=True)),
                ('sealed_size', models.BigIntegerField(default=0)),
                ('sealed_root', models.BinaryField(default=b'')),
                ('signature', models.BinaryField(default=b'')),
                ('seed', models.BinaryField(default=b'')),
                ('ranked_through', models.BigIntegerField(default=0)),
                ('ranked', models.BooleanField(default=False)),
                ('drawn_count', models.BigIntegerField(default=0)),
                ('drawn_through', models.BinaryField(default=b'')),
                ('drawn_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='DrawRank',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rank', models.BinaryField()),
                ('ticket_key', models.CharField(max_length=20)),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='ranks', to='events.draw')),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='registration',
            name='registration_status_known',
        ),
        migrations.AddField(
            model_name='event',
            name='draw_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='event',
            name='draw_state',
            field=models.CharField(blank=True, choices=[('open', 'open'), ('sealed', 'sealed'), ('drawn', 'drawn')], db_default='', default='', editable=False, max_length=6),
        ),
        migrations.AddField(
            model_name='event',
            name='entered_companions',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='entered_count',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='registration',
            name='turn',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name='registration',
            name='reason',
            field=models.CharField(blank=True, choices=[('sold_out', 'sold_out'), ('duplicate', 'duplicate'), ('registration_closed', 'registration_closed'), ('event_cancelled', 'event_cancelled'), ('not_drawn', 'not_drawn'), ('invalid', 'invalid'), ('by_holder', 'by_holder'), ('by_organizer', 'by_organizer')], default='', max_length=20),
        ),
        migrations.AlterField(
            model_name='registration',
            name='status',
            field=models.CharField(choices=[('entered', 'entered'), ('held', 'held'), ('confirmed', 'confirmed'), ('waitlisted', 'waitlisted'), ('rejected', 'rejected'), ('expired', 'expired'), ('cancelled', 'cancelled')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('cancelled_at__isnull', True), ('draw_state__in', ['open', 'sealed'])), fields=['draw_at', 'id'], name='event_draw_due'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('cancelled_at__isnull', False), ('entered_count__gt', 0)), fields=['id'], name='event_entries_to_close'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('status', 'waitlisted'), ('turn__isnull', False)), fields=['event', 'ticket_type', 'turn'], name='registration_drawn_waitlist'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('status', 'entered')), fields=['event', 'id'], name='registration_entered'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'entered')), fields=('event', 'email_key'), name='registration_one_entry_per_email'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['entered', 'held', 'confirmed', 'waitlisted', 'rejected', 'expired', 'cancelled'])), name='registration_status_known'),
        ),
        migrations.AddConstraint(
            model_name='drawrank',
            constraint=models.UniqueConstraint(fields=('draw', 'rank'), name='draw_rank_once'),
        ),
    ]
