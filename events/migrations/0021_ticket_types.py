"""Groups and ticket types: seats of several per ticket, and lines of their own for each type of an event.

All columns have a default, so that the release before goes on writing events without types. Scans `registration` once.
"""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0020_idempotent_answer'),
    ]

    operations = [
        migrations.CreateModel(
            name='TicketType',
            fields=[
                ('id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ticket_types', to='events.event')),
                ('rank', models.PositiveSmallIntegerField()),
                ('name', models.CharField(max_length=255)),
                ('capacity', models.PositiveIntegerField()),
                ('waitlist_capacity', models.PositiveIntegerField(db_default=0, default=0)),
                ('max_quantity', models.PositiveSmallIntegerField(db_default=1, default=1)),
                ('price', models.CharField(blank=True, db_default='', default='', max_length=40)),
                ('used', models.BooleanField(db_default=False, default=False, editable=False)),
                ('closed', models.BooleanField(db_default=False, default=False, editable=False)),
                ('confirmed_count', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('held_count', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('waitlisted_count', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('confirmed_companions', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('waitlisted_companions', models.PositiveIntegerField(db_default=0, default=0, editable=False)),
                ('head_quantity', models.PositiveSmallIntegerField(db_default=1, default=1, editable=False)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='event',
            name='event_never_oversold',
        ),
        migrations.RemoveConstraint(
            model_name='event',
            name='event_nobody_waits_beside_a_seat',
        ),
        migrations.AddField(
            model_name='event',
            name='confirmed_companions',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='has_types',
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='head_quantity',
            field=models.PositiveSmallIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='held_count',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='last_type_number',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='event',
            name='max_quantity',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='event',
            name='waitlisted_companions',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='registration',
            name='partly_in',
            field=models.PositiveSmallIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='registration',
            name='quantity',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='partly_in',
            field=models.PositiveSmallIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='quantity',
            field=models.PositiveSmallIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='webhookdelivery',
            name='ticket_type_id',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AlterField(
            model_name='sizechange',
            name='verdict',
            field=models.CharField(choices=[('applied', 'applied'), ('below_confirmed', 'below_confirmed'), ('below_waitlisted', 'below_waitlisted'), ('event_over', 'event_over'), ('type_in_use', 'type_in_use')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('max_capacity__gte', django.db.models.expressions.CombinedExpression(models.F('confirmed_count'), '+', models.F('held_count')))), name='event_never_oversold'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('waitlisted_count', 0), ('max_capacity__lt', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('confirmed_count'), '+', models.F('held_count')), '+', models.F('head_quantity'))), ('cancelled_at__isnull', False), ('has_types', True), _connector='OR'), name='event_nobody_waits_beside_a_seat'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('max_quantity__gte', 1), ('max_quantity__lte', 20)), name='event_quantity_in_range'),
        ),
        migrations.AddField(
            model_name='registration',
            name='ticket_type',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='events.tickettype'),
        ),
        migrations.AddIndex(
            model_name='registration',
            index=models.Index(condition=models.Q(('status', 'waitlisted'), ('ticket_type__isnull', False)), fields=['event', 'ticket_type', 'sequence', 'id'], name='registration_type_waitlist'),
        ),
        migrations.AddConstraint(
            model_name='registration',
            constraint=models.CheckConstraint(condition=models.Q(('quantity__gte', 1), ('quantity__lte', 20), models.Q(('partly_in__isnull', True), models.Q(('partly_in__gte', 1), ('partly_in__lt', models.F('quantity'))), _connector='OR')), name='registration_quantity_in_range'),
        ),
        migrations.AddConstraint(
            model_name='tickettype',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__gte', django.db.models.expressions.CombinedExpression(models.F('confirmed_count'), '+', models.F('held_count')))), name='ticket_type_never_oversold'),
        ),
        migrations.AddConstraint(
            model_name='tickettype',
            constraint=models.CheckConstraint(condition=models.Q(('waitlisted_count__lte', models.F('waitlist_capacity'))), name='ticket_type_waitlist_never_overfull'),
        ),
        migrations.AddConstraint(
            model_name='tickettype',
            constraint=models.CheckConstraint(condition=models.Q(('waitlisted_count', 0), ('capacity__lt', django.db.models.expressions.CombinedExpression(django.db.models.expressions.CombinedExpression(models.F('confirmed_count'), '+', models.F('held_count')), '+', models.F('head_quantity'))), ('closed', True), _connector='OR'), name='ticket_type_keeps_seats_for_its_head'),
        ),
        migrations.AddConstraint(
            model_name='tickettype',
            constraint=models.CheckConstraint(condition=models.Q(('capacity__gte', 1), ('max_quantity__gte', 1), ('max_quantity__lte', 20)), name='ticket_type_sizes_in_range'),
        ),
    ]
