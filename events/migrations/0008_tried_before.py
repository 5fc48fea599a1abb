"""Finds the messages that were tried before without reading all that were not."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0007_one_mailbox")]

    operations = [
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("state", "pending"), ("step__gt", 0)),
                fields=["endpoint", "next_attempt_at", "id"],
                name="webhook_delivery_again",
            ),
        ),
    ]
