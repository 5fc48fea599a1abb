"""Scopes, ends and last uses of tokens; the audit trail, which the database itself keeps from being changed.

On PostgreSQL a row of the trail can never be changed, and removed only by a transaction that says that it is retention
(`omnify.audit_retention`), and only when it is older than 30 days. SQLite knows no such word: there rows can only not
be changed.
"""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


FUNCTION = """
CREATE FUNCTION events_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('omnify.audit_retention', true) = 'on'
        AND OLD.at < now() - interval '30 days'
    THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the audit trail is append-only';
END $$
"""
TRIGGER = """
CREATE TRIGGER events_auditentry_append_only BEFORE UPDATE OR DELETE ON events_auditentry
FOR EACH ROW EXECUTE FUNCTION events_audit_append_only()
"""
SQLITE = """
CREATE TRIGGER events_auditentry_append_only BEFORE UPDATE ON events_auditentry
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""


def protect(apps, schema_editor):
    postgres = schema_editor.connection.vendor == "postgresql"
    for statement in (FUNCTION, TRIGGER) if postgres else (SQLITE,):
        schema_editor.execute(statement)


def unprotect(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP TRIGGER events_auditentry_append_only ON events_auditentry")
        schema_editor.execute("DROP FUNCTION events_audit_append_only()")
    else:
        schema_editor.execute("DROP TRIGGER events_auditentry_append_only")


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0010_event_by_end'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('organizer_id', models.BigIntegerField(null=True)),
                ('actor', models.CharField(max_length=32)),
                ('actor_organizer_id', models.BigIntegerField(null=True)),
                ('token_id', models.BigIntegerField(null=True)),
                ('admin_id', models.BigIntegerField(null=True)),
                ('address', models.CharField(blank=True, max_length=45)),
                ('action', models.CharField(max_length=32)),
                ('object_type', models.CharField(blank=True, max_length=32)),
                ('object_id', models.CharField(blank=True, max_length=64)),
                ('once', models.CharField(max_length=64, null=True, unique=True)),
            ],
            options={
                'verbose_name_plural': 'audit entries',
            },
        ),
        migrations.AddField(
            model_name='organizertoken',
            name='event',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='events.event'),
        ),
        migrations.AddField(
            model_name='organizertoken',
            name='expires_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='organizertoken',
            name='label',
            field=models.CharField(blank=True, db_default='', max_length=100),
        ),
        migrations.AddField(
            model_name='organizertoken',
            name='last_used_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='organizertoken',
            name='scope',
            field=models.CharField(choices=[('full', 'full'), ('read', 'read'), ('check-in', 'check-in')], db_default='full', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='organizertoken',
            constraint=models.CheckConstraint(condition=models.Q(('event', None), ('scope', 'check-in'), _connector='OR'), name='token_of_an_event_is_for_check_ins'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(fields=['organizer_id', '-id'], name='audit_of_an_organizer'),
        ),
        migrations.RunPython(protect, unprotect),
    ]
