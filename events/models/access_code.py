"""Access codes of events. A code itself is stored nowhere: it is shown once, when it is made."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from events.domain.codes import HINT_MAX
from events.models.event import Event
from events.models.ticket_type import TicketType


class AccessCode(models.Model):
    """An access code. The event's row is the lock of its counter, too."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="access_codes", db_index=False)
    digest = models.CharField(max_length=12)  # keyed, under the secret of its time
    hint = models.CharField(max_length=HINT_MAX, blank=True)
    uses = models.PositiveIntegerField(default=1)
    # Seats of its tickets that are confirmed or on the waitlist.
    used_count = models.PositiveIntegerField(default=0, editable=False)
    # From when it lets in; null: with the event's registration.
    opens_at = models.DateTimeField(null=True)
    # The one ticket type that it is for; null: any. A type that is gone leaves the code of no use.
    ticket_type = models.ForeignKey(
        TicketType, on_delete=models.DO_NOTHING, null=True, related_name="+", db_index=False, db_constraint=False
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(null=True, editable=False)
    # Grows with every change, so that a copy in Redis is only replaced by a newer one.
    revision = models.PositiveIntegerField(default=1, editable=False)
    # The last of these changes, among the moments of the event's decisions.
    changed_at = models.DateTimeField(editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "digest"], name="access_code_once"),
            # Whatever admission believed: a code lets in no more than it is for.
            models.CheckConstraint(condition=Q(uses__gte=F("used_count")), name="access_code_within_its_uses"),
            models.CheckConstraint(condition=Q(uses__gte=1), name="access_code_has_a_use"),
        ]
        indexes = [
            models.Index(fields=["event", "id"], name="access_code_by_event"),
            # What is not published yet.
            models.Index(fields=["event", "changed_at"], name="access_code_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.pk}"
