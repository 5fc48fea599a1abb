"""Proof of addresses: a column of `event` with a default, and an index that holds nothing of events without proofs. Scans
`registration` once, with drains waiting meanwhile: not during a drop."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0030_event_pages'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='registration',
            name='registration_hold_ends',
        ),
        migrations.AddField(
            model_name='event',
            name='verify_email',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name='registration',
            name='hold_confirmed_by',
            field=models.CharField(blank=True, choices=[('organizer', 'organizer'), ('holder', 'holder'), ('address', 'address')], db_default='', default='', editable=False, max_length=9),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('hold_confirmed_by', 'address'), ('status', 'waitlisted')), fields=['expires_at', 'sequence', 'id'], name='registration_unproved'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['held', 'expired']), _negated=True), models.Q(('expires_at__isnull', False), ('hold_confirmed_by__in', ['organizer', 'holder', 'address'])), _connector='OR'), name='registration_hold_ends'),
        ),
    ]
