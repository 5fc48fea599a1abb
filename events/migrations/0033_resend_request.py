"""Wishes for lost tickets: a new table."""

import django.db.models.deletion
from django.db import migrations, models


def keep_no_statistics(apps, schema_editor):
    """The planner's statistics quote values, and those of a table that has become empty stay."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE events_resendrequest ALTER COLUMN email_key SET STATISTICS 0")


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0032_language'),
    ]

    operations = [
        migrations.CreateModel(
            name='ResendRequest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('email_key', models.CharField(max_length=254)),
                ('created_at', models.DateTimeField()),
                ('event', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='events.event')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('event', 'email_key'), name='resend_request_once')],
            },
        ),
        migrations.RunPython(keep_no_statistics, migrations.RunPython.noop),
    ]
