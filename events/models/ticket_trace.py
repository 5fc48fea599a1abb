"""Which trace a ticket belongs to, for what becomes of it later: its webhooks and mails. Only of traced registrations,
and only where tracing is on."""

from __future__ import annotations

from django.db import models

from events.models.event import Event


class TicketTrace(models.Model):
    """The context of the span that decided a ticket, by the ticket's reference, which opens nothing.

    Written by the transaction that decides, and removed some days later.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="+", db_index=False)
    reference = models.CharField(max_length=8)
    context = models.BinaryField(max_length=24)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "reference"], name="ticket_trace_once")]

    def __str__(self) -> str:
        return f"{self.event_id}-{self.reference}"
