"""Holds: seats that are set aside for a while, until they are confirmed or their time is over.

All columns have a default, so that the release before goes on deciding events without a hold. Scans `registration`
twice and builds the index of one seat per e-mail anew, with drains waiting meanwhile: not during a drop.
"""

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0024_registration_parts'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='event',
            name='event_nobody_waits_beside_a_seat',
        ),
        migrations.RemoveConstraint(
            model_name='registration',
            name='registration_one_seat_per_email',
        ),
        migrations.RemoveConstraint(
            model_name='registration',
            name='registration_status_known',
        ),
        migrations.RemoveIndex(
            model_name='event',
            name='event_still_closing',
        ),
        migrations.AddField(
            model_name='event',
            name='expired_count',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='held_companions',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='hold_applies_to',
            field=models.CharField(blank=True, choices=[('all', 'all'), ('waitlist', 'waitlist')], db_default='', default='', max_length=8),
        ),
        migrations.AddField(
            model_name='event',
            name='hold_confirmed_by',
            field=models.CharField(blank=True, choices=[('organizer', 'organizer'), ('holder', 'holder')], db_default='', default='', max_length=9),
        ),
        migrations.AddField(
            model_name='event',
            name='hold_seconds',
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='event',
            name='over',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='registration',
            name='expires_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='registration',
            name='hold_confirmed_by',
            field=models.CharField(blank=True, choices=[('organizer', 'organizer'), ('holder', 'holder')], db_default='', default='', editable=False, max_length=9),
        ),
        migrations.AddField(
            model_name='registration',
            name='payment_reference',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name='tickettype',
            name='held_companions',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='expires_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='registration',
            name='status',
            field=models.CharField(choices=[('held', 'held'), ('confirmed', 'confirmed'), ('waitlisted', 'waitlisted'), ('rejected', 'rejected'), ('expired', 'expired'), ('cancelled', 'cancelled')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(condition=models.Q(('cancelled_at__isnull', False), models.Q(('confirmed_count__gt', 0), ('waitlisted_count__gt', 0), ('held_count__gt', 0), _connector='OR')), fields=['id'], name='event_still_closing'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('status', 'held')), fields=['expires_at', 'sequence', 'id'], name='registration_due'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('status', 'held')), fields=['event', 'sequence', 'id'], name='registration_held'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('status', 'expired')), fields=['event', 'sequence', 'id'], name='registration_expired'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('waitlisted_count', 0), ('max_capacity__lt', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('confirmed_count'), '+', models.F('held_count')), '+', models.F('head_quantity'))), ('cancelled_at__isnull', False), ('over', True), ('has_types', True), _connector='OR'), name='event_nobody_waits_beside_a_seat'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('hold_applies_to', ''), ('hold_confirmed_by', ''), ('hold_seconds__isnull', True)), models.Q(('hold_confirmed_by__in', ['organizer', 'holder']), ('hold_seconds__gte', 1), ('hold_applies_to__in', ['all', 'waitlist'])), _connector='OR'), name='event_hold_complete'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['confirmed', 'held', 'waitlisted'])), fields=('event', 'email_key'), name='registration_one_seat_per_email'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['held', 'confirmed', 'waitlisted', 'rejected', 'expired', 'cancelled'])), name='registration_status_known'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['held', 'expired']), _negated=True), models.Q(('expires_at__isnull', False), ('hold_confirmed_by__in', ['organizer', 'holder'])), _connector='OR'), name='registration_hold_ends'),
        ),
    ]
