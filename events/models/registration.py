"""Registrations: one row for each decided ticket. Queued tickets live in Redis only."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from events.domain.attendee import guest_search_key
from events.domain.holds import REFERENCE_MAX, ConfirmedBy
from events.domain.parts import Part, read_parts
from events.domain.seats import MAX_QUANTITY
from events.domain.states import IN_LINE, Reason, Status
from events.models.access_code import AccessCode
from events.models.event import Event
from events.models.fields import SearchKeyField
from events.models.organizer import Organizer
from events.models.ticket_type import TicketType

DECIDED = [
    *(Status.ENTERED, Status.HELD, Status.CONFIRMED, Status.WAITLISTED),
    *(Status.REJECTED, Status.EXPIRED, Status.CANCELLED),
]
_IN_LINE = sorted(status.value for status in IN_LINE)


def _in_order(status: Status, name: str) -> models.Index:
    """Describes an index of an event's tickets with a status, in order of admission."""
    return models.Index(fields=["event", "sequence", "id"], condition=Q(status=status.value), name=name)


class Registration(models.Model):
    """A decided ticket. Written by the drain, in batches, under the event's row lock."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="registrations", db_index=False)
    ticket_key = models.CharField(max_length=20)
    # Names the secret that made the ticket's id, so that the id stays the same after the secret has changed.
    mark = models.CharField(max_length=4, blank=True, default="", db_default="", editable=False)
    name = models.CharField(max_length=255)
    email = models.CharField(max_length=254)
    email_key = models.CharField(max_length=254)
    search_key = SearchKeyField("name", "email", made_by=guest_search_key)
    # Of its mails, one of `omnify.common.languages.OFFERED`; empty if the registration did not say one.
    language = models.CharField(max_length=12, blank=True, default="", db_default="", editable=False)
    status = models.CharField(max_length=10, choices=[(s.value, s.value) for s in DECIDED])
    reason = models.CharField(max_length=20, default="", blank=True, choices=[(r.value, r.value) for r in Reason])
    # How many seats it asks for, all or none.
    quantity = models.PositiveSmallIntegerField(default=1, db_default=1)
    # Not checked by the database, row by row: a type that was ever used is never deleted (`TicketType.used`).
    ticket_type = models.ForeignKey(
        TicketType,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    # The code that it came with. Not checked by the database either: codes go with their event alone.
    access_code = models.ForeignKey(
        AccessCode,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    sequence = models.BigIntegerField()
    # Grows with every change of the status: a late publish cannot overwrite a newer one.
    revision = models.PositiveIntegerField(default=1)
    requested_at = models.DateTimeField()
    decided_at = models.DateTimeField()
    # Until when its seats are or were held (by the queue's clock), or its address is to be proved, and who may confirm
    # it; by which payment it was.
    expires_at = models.DateTimeField(null=True, editable=False)
    hold_confirmed_by = models.CharField(
        max_length=9,
        blank=True,
        default="",
        db_default="",
        choices=[(c.value, c.value) for c in ConfirmedBy],
        editable=False,
    )
    payment_reference = models.CharField(
        max_length=REFERENCE_MAX, blank=True, default="", db_default="", editable=False
    )
    # Its place in the order that was drawn, and on the waitlist before all that came later; null if it was in no draw.
    turn = models.BigIntegerField(null=True, editable=False)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    checked_in_at = models.DateTimeField(null=True, blank=True)
    # How many of a group have been let in, while it is not all of them.
    partly_in = models.PositiveSmallIntegerField(null=True, editable=False)
    # The parts in which a group has come (`events.domain.parts`); null if no one has, or all came at once and their
    # device did not name the check-in.
    parts = models.JSONField(null=True, editable=False)
    # The moment of the last check-in or its undoing, among the moments of the event's decisions.
    check_in_changed_at = models.DateTimeField(null=True, editable=False)
    # Where this ticket's webhook messages go, and under whose default secret: the organizer's who registered it.
    callback_url = models.CharField(max_length=2048, blank=True, default="")
    callback_organizer = models.ForeignKey(
        Organizer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            # Promise 4: one decision per ticket ...
            models.UniqueConstraint(fields=["event", "ticket_key"], name="registration_one_per_ticket"),
            # ... and one seat per e-mail and event.
            models.UniqueConstraint(
                fields=["event", "email_key"],
                condition=Q(status__in=_IN_LINE),
                name="registration_one_seat_per_email",
            ),
            # The same of entries in a draw.
            models.UniqueConstraint(
                fields=["event", "email_key"],
                condition=Q(status=Status.ENTERED.value),
                name="registration_one_entry_per_email",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[s.value for s in DECIDED]), name="registration_status_known"
            ),
            # A hold has an end, and someone who may confirm it.
            models.CheckConstraint(
                condition=~Q(status__in=[Status.HELD.value, Status.EXPIRED.value])
                | Q(expires_at__isnull=False, hold_confirmed_by__in=[c.value for c in ConfirmedBy]),
                name="registration_hold_ends",
            ),
            # A checked-in ticket keeps its seat unless the whole event is cancelled. An older release also allowed to
            # cancel it, and wrote no reason.
            models.CheckConstraint(
                condition=Q(checked_in_at__isnull=True)
                | Q(status=Status.CONFIRMED.value)
                | Q(status=Status.CANCELLED.value, reason__in=["", Reason.EVENT_CANCELLED.value]),
                name="registration_checked_in_keeps_seat",
            ),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY)
                & (Q(partly_in__isnull=True) | Q(partly_in__gte=1, partly_in__lt=F("quantity"))),
                name="registration_quantity_in_range",
            ),
        ]
        indexes = [
            # The attendee list walks this: every page costs the same.
            _in_order(Status.CONFIRMED, "registration_attendees"),
            # Promotions take from its head; a position on the waitlist is the number of rows up to it.
            _in_order(Status.WAITLISTED, "registration_waitlist"),
            # The same for each ticket type. Tickets without a type cost nothing here.
            models.Index(
                fields=["event", "ticket_type", "sequence", "id"],
                condition=Q(status=Status.WAITLISTED.value, ticket_type__isnull=False),
                name="registration_type_waitlist",
            ),
            # The same where a draw was held: these come first, in the order that was drawn.
            models.Index(
                fields=["event", "ticket_type", "turn"],
                condition=Q(status=Status.WAITLISTED.value, turn__isnull=False),
                name="registration_drawn_waitlist",
            ),
            # What is in a draw.
            models.Index(fields=["event", "id"], condition=Q(status=Status.ENTERED.value), name="registration_entered"),
            # The list of cancelled registrations: only cancellations write to this index.
            _in_order(Status.CANCELLED, "registration_cancelled"),
            # Holds that run, by their end: what is due is found without reading the others.
            models.Index(
                fields=["expires_at", "sequence", "id"],
                condition=Q(status=Status.HELD.value),
                name="registration_due",
            ),
            # The same of those that wait and have an address to prove.
            models.Index(
                fields=["expires_at", "sequence", "id"],
                condition=Q(status=Status.WAITLISTED.value, hold_confirmed_by=ConfirmedBy.ADDRESS.value),
                name="registration_unproved",
            ),
            # The lists of held registrations, and of those whose hold ran out.
            _in_order(Status.HELD, "registration_held"),
            _in_order(Status.EXPIRED, "registration_expired"),
            # Changes after the first decision, to be published again if a drain died before it published them.
            models.Index(fields=["event", "decided_at"], condition=Q(revision__gt=1), name="registration_changed"),
            # The same for check-ins; also the list of who is inside.
            models.Index(
                fields=["event", "check_in_changed_at"],
                condition=Q(check_in_changed_at__isnull=False),
                name="registration_entrance",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}-{self.ticket_key[:8]}"

    @property
    def came_in(self) -> list[Part]:
        """The parts in which its people have been let in, the first one first."""
        if self.checked_in_at is None:
            return []
        return read_parts(self.parts) or [Part(self.checked_in_at, self.checked_in_quantity)]

    @property
    def checked_in_quantity(self) -> int:
        """How many people have been let in."""
        if self.checked_in_at is None:
            return 0
        return self.quantity if self.partly_in is None else self.partly_in
