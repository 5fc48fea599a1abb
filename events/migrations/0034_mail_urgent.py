"""Mails that go before all others: an index of those that are pending, which a drop's confirmations are not in."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('events', '0033_resend_request'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='mail',
            index=models.Index(condition=models.Q(('kind__in', ['held', 'offered', 'resend', 'verify']), ('state', 'pending')), fields=['next_attempt_at', 'id'], name='mail_urgent'),
        ),
    ]
