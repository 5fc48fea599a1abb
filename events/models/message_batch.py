"""The event log: what an organizer's subscriptions to all types would have got, transaction by transaction."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from events.models.organizer import Organizer


class MessageBatch(models.Model):
    """The messages of one transaction (`events.domain.webhooks.stored`), written with what they are about.

    `id` follows the order in which rows are written, which is not the order in which transactions end: a reader that
    went by it would pass a row that is committed later. So a row gets its `position` when it is first read, under the
    organizer's row lock (`events.ledger.webhooks.log`), and never another.
    """

    # Not checked by the database, as in `WebhookDelivery`: drains write these rows.
    organizer = models.ForeignKey(Organizer, models.DO_NOTHING, db_constraint=False, db_index=False)
    event_id = models.BigIntegerField(null=True)
    position = models.BigIntegerField(null=True)
    size = models.PositiveIntegerField()
    messages = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organizer", "position"], name="message_batch_in_order"),
        ]
        indexes = [
            models.Index(fields=["organizer", "created_at", "position"], name="message_batch_by_time"),
            models.Index(fields=["organizer", "id"], condition=Q(position=None), name="message_batch_unread"),
        ]

    def __str__(self) -> str:
        return f"batch {self.pk}"
