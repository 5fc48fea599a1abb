"""Mail to guests: new tables, and a column of `event` with a default. Rewrites no table."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0028_draw'),
    ]

    operations = [
        migrations.AddField(
            model_name='event',
            name='mail',
            field=models.BooleanField(db_default=True, default=True),
        ),
        migrations.CreateModel(
            name='Mail',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ticket_key', models.CharField(max_length=20)),
                ('kind', models.CharField(max_length=20)),
                ('revision', models.BigIntegerField(db_default=1, default=1)),
                ('position', models.PositiveIntegerField(null=True)),
                ('data', models.JSONField(null=True)),
                ('created_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('pending', 'pending'), ('sent', 'sent'), ('bounced', 'bounced'), ('failed', 'failed'), ('skipped', 'skipped')], db_default='pending', default='pending', max_length=7)),
                ('next_attempt_at', models.DateTimeField()),
                ('claimed_until', models.DateTimeField(null=True)),
                ('attempts', models.PositiveSmallIntegerField(db_default=0, default=0)),
                ('last_attempt_at', models.DateTimeField(null=True)),
                ('last_status', models.CharField(db_default='', default='', max_length=12)),
                ('last_error', models.CharField(db_default='', default='', max_length=20)),
                ('event', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='events.event')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('state', 'pending')), fields=['next_attempt_at', 'id'], name='mail_due'), models.Index(condition=models.Q(('claimed_until__isnull', False)), fields=['event', 'ticket_key'], name='mail_claimed'), models.Index(condition=models.Q(('state__in', ['bounced', 'failed'])), fields=['event', 'id'], name='mail_problems')],
            },
        ),
        migrations.CreateModel(
            name='MailNotice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=20)),
                ('revision', models.BigIntegerField()),
                ('data', models.JSONField()),
                ('due_at', models.DateTimeField()),
                ('through_key', models.CharField(db_default='', default='', max_length=20)),
                ('done_at', models.DateTimeField(null=True)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='mail_notices', to='events.event')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('done_at__isnull', True)), fields=['due_at'], name='mail_notice_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('done_at__isnull', True)), fields=('event', 'kind'), name='mail_notice_one_pending')],
            },
        ),
        migrations.CreateModel(
            name='MailOptOut',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ticket_key', models.CharField(max_length=20)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='events.event')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event', 'ticket_key'), name='mail_opt_out_once')],
            },
        ),
    ]
