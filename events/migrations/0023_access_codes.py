"""Access codes, and what an event and a registration say of them. New columns have defaults that the database fills in."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0022_guest_correction'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='access',
            field=models.CharField(choices=[('open', 'open'), ('code', 'code')], db_default='open', default='open', max_length=4),
        ),
        migrations.AddField(
            model_name='event',
            name='has_codes',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.CreateModel(
            name='AccessCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=12)),
                ('hint', models.CharField(blank=True, max_length=3)),
                ('uses', models.PositiveIntegerField(default=1)),
                ('used_count', models.PositiveIntegerField(default=0, editable=False)),
                ('opens_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('revoked_at', models.DateTimeField(editable=False, null=True)),
                ('revision', models.PositiveIntegerField(default=1, editable=False)),
                ('changed_at', models.DateTimeField(editable=False)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='access_codes', to='events.event')),
                ('ticket_type', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='events.tickettype')),
            ],
        ),
        migrations.AddField(
            model_name='registration',
            name='access_code',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='events.accesscode'),
        ),
        migrations.AddIndex(
            model_name='accesscode',
            index=models.Index(fields=['event', 'id'], name='access_code_by_event'),
        ),
        migrations.AddIndex(
            model_name='accesscode',
            index=models.Index(fields=['event', 'changed_at'], name='access_code_changed'),
        ),
        migrations.AddConstraint(
            model_name='accesscode',
            constraint=models.UniqueConstraint(fields=('event', 'digest'), name='access_code_once'),
        ),
        migrations.AddConstraint(
            model_name='accesscode',
            constraint=models.CheckConstraint(condition=models.Q(('uses__gte', models.F('used_count'))), name='access_code_within_its_uses'),
        ),
        migrations.AddConstraint(
            model_name='accesscode',
            constraint=models.CheckConstraint(condition=models.Q(('uses__gte', 1)), name='access_code_has_a_use'),
        ),
    ]
