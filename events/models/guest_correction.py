"""The results of organizers' corrections of guests' names and e-mails."""

from __future__ import annotations

from django.db import models

from events.domain.corrections import CorrectionVerdict
from events.models.event import Event


class GuestCorrection(models.Model):
    """The result of a `Correction` command, written in the transaction that applied it. It holds no name or e-mail.

    The command travels through the event's queue, so the API reads its result here.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="guest_corrections", db_index=False)
    key = models.CharField(max_length=20)
    sequence = models.BigIntegerField()
    ticket_key = models.CharField(max_length=20)
    verdict = models.CharField(max_length=20, choices=[(v.value, v.value) for v in CorrectionVerdict])
    # Of the e-mail that may register again, under the secret of the ticket's id: for Redis, in case that it was killed,
    # or the drain, before it was told. Empty if the e-mail stayed.
    freed_digest = models.CharField(max_length=64, blank=True, default="")
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "key"], name="guest_correction_once")]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.verdict}"
