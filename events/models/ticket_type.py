"""Ticket types, each with seats and a waitlist of its own. An event without types has no row here."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from events.domain.seats import MAX_QUANTITY
from events.models.event import Event
from events.models.fields import LineField

PRICE_MAX = 40


class TicketType(models.Model):
    """A ticket type. The event's row is the lock of its counters too; the event's own counters are the sums."""

    # Made of the event's id (`events.domain.seats.type_id_of`), and never given a second time.
    id = models.BigIntegerField(primary_key=True)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="ticket_types")
    rank = models.PositiveSmallIntegerField()  # its place in the organizer's list
    name = LineField()
    capacity = models.PositiveIntegerField()
    waitlist_capacity = models.PositiveIntegerField(default=0, db_default=0)
    max_quantity = models.PositiveSmallIntegerField(default=1, db_default=1)  # seats of one registration at most
    price = models.CharField(max_length=PRICE_MAX, blank=True, default="", db_default="")  # as it is shown
    # Whether a ticket of this type was ever decided: then it cannot go.
    used = models.BooleanField(default=False, db_default=False, editable=False)
    # Whether the event is cancelled, or over: its seats come free, and no one moves up.
    closed = models.BooleanField(default=False, db_default=False, editable=False)

    # Counters of seats, as in `Event`.
    confirmed_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    held_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    waitlisted_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    confirmed_companions = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    held_companions = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    waitlisted_companions = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    head_quantity = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(capacity__gte=F("confirmed_count") + F("held_count")), name="ticket_type_never_oversold"
            ),
            models.CheckConstraint(
                condition=Q(waitlisted_count__lte=F("waitlist_capacity")), name="ticket_type_waitlist_never_overfull"
            ),
            # No one passes: while a ticket waits, fewer seats are free than the first one asks for.
            models.CheckConstraint(
                condition=Q(waitlisted_count=0)
                | Q(capacity__lt=F("confirmed_count") + F("held_count") + F("head_quantity"))
                | Q(closed=True),
                name="ticket_type_keeps_seats_for_its_head",
            ),
            models.CheckConstraint(
                condition=Q(capacity__gte=1, max_quantity__gte=1, max_quantity__lte=MAX_QUANTITY),
                name="ticket_type_sizes_in_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.name}"
