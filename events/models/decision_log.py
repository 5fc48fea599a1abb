"""The decision log of an event, as far as it must be known to go on with it, and what was written, batch by batch."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from events.models.event import Event


class DecisionLog(models.Model):
    """An event's log. Changed under the event's row lock only, in the transaction that decides."""

    event = models.OneToOneField(Event, on_delete=models.CASCADE, primary_key=True, related_name="decision_log")
    # The first line of every checkpoint. Another only after a break, which the log states (`manage.py open_new_log`).
    origin = models.CharField(max_length=255)
    # The public key that signs it; empty: none does.
    key = models.BinaryField()
    # Under which mailboxes are digested, in this log alone; emptied with the event's names and addresses.
    mailbox_key = models.BinaryField()
    size = models.BigIntegerField()
    frontier = models.BinaryField()
    # The terms that the last entries were decided by (`events.domain.decision_log.entries.terms`).
    terms = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.event_id}: {self.size}"


class DecisionLogChunk(models.Model):
    """The entries of one batch, each behind its length (two bytes): what a tile of entries is made of.

    `tile_hashes` are the hashes of the subtrees of 256 entries that this batch has completed.
    """

    log = models.ForeignKey(DecisionLog, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    first_index = models.BigIntegerField()
    behind_index = models.BigIntegerField()
    # The highest sequence that this batch and those before have handled: what a ticket's first entry is found by.
    last_sequence = models.BigIntegerField()
    entries = models.BinaryField()
    tile_hashes = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "first_index"], name="decision_log_chunk_once"),
            models.CheckConstraint(condition=Q(behind_index__gt=F("first_index")), name="decision_log_chunk_not_empty"),
        ]
        indexes = [models.Index(fields=["log", "last_sequence"], name="decision_log_by_sequence")]

    def __str__(self) -> str:
        return f"{self.log_id}: {self.first_index} to {self.behind_index}"
