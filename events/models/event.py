"""Events, and the counters that only the drain moves."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.timezone import now

from events.domain.allocation import Sizing
from events.domain.holds import IN_TERMS, PROOF_SECONDS, AppliesTo, ConfirmedBy, HoldTerms
from events.domain.seats import MAX_CAPACITY, MAX_QUANTITY
from events.domain.states import Access, DrawState, Visibility
from events.domain.zones import UTC_NAME
from events.models.fields import LineField, SearchKeyField
from events.models.organizer import Organizer


class Event(models.Model):
    """An event to register for. The row is also the lock under which its registrations are decided."""

    organizer = models.ForeignKey(Organizer, on_delete=models.PROTECT, related_name="events")
    name = LineField()
    location = LineField()
    search_key = SearchKeyField("name", "location")
    max_capacity = models.PositiveIntegerField()
    waitlist_capacity = models.PositiveIntegerField(default=0)
    max_quantity = models.PositiveSmallIntegerField(default=1, db_default=1)  # seats of one registration at most
    # For how long seats are set aside before they are confirmed, by whom, and which; null and empty: none are.
    hold_seconds = models.PositiveIntegerField(null=True, blank=True)
    hold_confirmed_by = models.CharField(
        max_length=9, blank=True, default="", db_default="", choices=[(c.value, c.value) for c in IN_TERMS]
    )
    hold_applies_to = models.CharField(
        max_length=8, blank=True, default="", db_default="", choices=[(a.value, a.value) for a in AppliesTo]
    )
    # Whether a registration is kept only if its address is proved.
    verify_email = models.BooleanField(default=False, db_default=False)
    # With ticket types the sizes and counters of seats here are the sums of theirs.
    has_types = models.BooleanField(default=False, db_default=False, editable=False)
    last_type_number = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    start_time = models.DateTimeField()
    # The start before its last change, which search engines are told; null: it was never moved, or as a draft only.
    previous_start_time = models.DateTimeField(null=True, editable=False)
    end_time = models.DateTimeField()
    registration_opens_at = models.DateTimeField()
    registration_closes_at = models.DateTimeField()
    visibility = models.CharField(
        max_length=8,
        choices=[(v.value, v.value) for v in Visibility],
        default=Visibility.PUBLIC.value,
        db_default=Visibility.PUBLIC.value,
    )
    # Whether a registration needs an access code; whether the event ever had any.
    access = models.CharField(
        max_length=4,
        choices=[(a.value, a.value) for a in Access],
        default=Access.OPEN.value,
        db_default=Access.OPEN.value,
    )
    has_codes = models.BooleanField(default=False, db_default=False, editable=False)
    # Whether its decisions are written into a decision log. An event without one must cost a drain no look for it.
    has_log = models.BooleanField(default=False, db_default=False, editable=False)
    # Whether guests get mail about it.
    mail = models.BooleanField(default=True, db_default=True)
    # When its draw is; null: the first to come get the seats. And how far it is.
    draw_at = models.DateTimeField(null=True, blank=True, editable=False)
    draw_state = models.CharField(
        max_length=6,
        blank=True,
        default="",
        db_default="",
        choices=[(s.value, s.value) for s in DrawState if s],
        editable=False,
    )
    cancelled_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Until when holders may give a confirmed ticket back; null: until the start.
    cancel_until = models.DateTimeField(null=True, blank=True)
    # The venue's, by its IANA name: times are shown in it.
    timezone = models.CharField(max_length=64, default=UTC_NAME, db_default=UTC_NAME)
    # Grows with each change of the description, which is a row of its own: a drain never reads it. 0: there was none.
    description_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # Since when no registration is taken in; null: registration follows its times.
    paused_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    # How often its organizer changed its public fields, and when last; null: never.
    revision = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    changed_at = models.DateTimeField(null=True, editable=False)
    # When the registrations of a past event were anonymised.
    forgotten_at = models.DateTimeField(null=True, editable=False)

    # Counters, updated in the transaction that decides. Public totals come from here, never from COUNT.
    # These count seats. The companions are the seats of groups beyond the first of each ticket.
    confirmed_count = models.PositiveIntegerField(default=0, editable=False)
    held_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    waitlisted_count = models.PositiveIntegerField(default=0, editable=False)
    confirmed_companions = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    waitlisted_companions = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    held_companions = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    entered_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    entered_companions = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    # A hold ended after the event did: its seats went to no one, though others waited.
    over = models.BooleanField(default=False, db_default=False, editable=False)
    # What the first on the waitlist asks for; 1 while nothing waits.
    head_quantity = models.PositiveSmallIntegerField(default=1, db_default=1, editable=False)
    # These count tickets, but for the people who were let in.
    cancelled_count = models.PositiveIntegerField(default=0, editable=False)
    expired_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    checked_in_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    rejected_counts = models.JSONField(default=dict, editable=False)  # {reason: number}

    # The moment of the last decision or check-in. Strictly growing, and the `decided_at` of all that one transaction
    # decided: what is not published in Redis yet is what changed after the time that Redis has.
    decided_at = models.DateTimeField(null=True, editable=False)
    # The highest sequence (number in the order of admission) that the ledger has seen.
    last_sequence = models.BigIntegerField(default=0, editable=False)
    # Grows with every change of the row: a copy in Redis is only replaced by a newer one.
    version = models.BigIntegerField(default=1, editable=False)

    class Meta:
        constraints = [
            # Promise 2: never oversold, whatever the code above believes.
            models.CheckConstraint(
                condition=Q(max_capacity__gte=F("confirmed_count") + F("held_count")), name="event_never_oversold"
            ),
            models.CheckConstraint(
                condition=Q(waitlisted_count__lte=F("waitlist_capacity")), name="event_waitlist_never_overfull"
            ),
            # A promotion happens in the transaction that frees a seat, so while a ticket waits, fewer seats are free
            # than the first one asks for. Ticket types have the same rule each.
            models.CheckConstraint(
                condition=Q(waitlisted_count=0)
                | Q(max_capacity__lt=F("confirmed_count") + F("held_count") + F("head_quantity"))
                | Q(cancelled_at__isnull=False)
                | Q(over=True)
                | Q(has_types=True),
                name="event_nobody_waits_beside_a_seat",
            ),
            models.CheckConstraint(
                condition=Q(max_quantity__gte=1, max_quantity__lte=MAX_QUANTITY), name="event_quantity_in_range"
            ),
            models.CheckConstraint(
                condition=Q(max_capacity__gte=1, max_capacity__lte=MAX_CAPACITY), name="event_capacity_in_range"
            ),
            models.CheckConstraint(
                condition=Q(hold_seconds__isnull=True, hold_confirmed_by="", hold_applies_to="")
                | Q(hold_seconds__gte=1, hold_confirmed_by__in=[c.value for c in IN_TERMS])
                & Q(hold_applies_to__in=[a.value for a in AppliesTo]),
                name="event_hold_complete",
            ),
            models.CheckConstraint(condition=Q(end_time__gt=F("start_time")), name="event_ends_after_start"),
        ]
        indexes = [
            models.Index(fields=["start_time", "id"], name="event_by_start"),
            models.Index(fields=["registration_closes_at"], name="event_by_close"),
            # Lists leave out what is over, or show nothing else: years of events are not read for it.
            models.Index(fields=["end_time"], name="event_by_end"),
            # Cancelled events with tickets that are not cancelled yet: few, and not for long.
            models.Index(
                fields=["id"],
                condition=Q(cancelled_at__isnull=False)
                & (Q(confirmed_count__gt=0) | Q(waitlisted_count__gt=0) | Q(held_count__gt=0)),
                name="event_still_closing",
            ),
            # Draws that are still to be held.
            models.Index(
                fields=["draw_at", "id"],
                condition=Q(draw_state__in=[DrawState.OPEN.value, DrawState.SEALED.value], cancelled_at__isnull=True),
                name="event_draw_due",
            ),
            models.Index(
                fields=["id"],
                condition=Q(cancelled_at__isnull=False, entered_count__gt=0),
                name="event_entries_to_close",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def awaits_draw(self) -> bool:
        """Whether its draw is still to be held."""
        return self.draw_state in (DrawState.OPEN, DrawState.SEALED)

    @property
    def proof_seconds(self) -> int:
        """For how long a registration waits for the proof of its address; 0: none is wanted."""
        return PROOF_SECONDS if self.verify_email else 0

    @property
    def hold(self) -> HoldTerms | None:
        """How seats are held, None if they are not."""
        if self.hold_seconds is None:
            return None
        return HoldTerms(self.hold_seconds, ConfirmedBy(self.hold_confirmed_by), AppliesTo(self.hold_applies_to))


class SizeChange(models.Model):
    """The result of a `Resize` command, written in the transaction that applied it.

    The command travels through the event's queue, so the API reads its result here. The rows are also the history.
    """

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="size_changes", db_index=False)
    key = models.CharField(max_length=20)
    sequence = models.BigIntegerField()
    max_capacity = models.PositiveIntegerField(null=True)
    waitlist_capacity = models.PositiveIntegerField(null=True)
    verdict = models.CharField(max_length=20, choices=[(v.value, v.value) for v in Sizing])
    # Of the event at that time, held seats among the confirmed: for the message of a refusal.
    confirmed_count = models.PositiveIntegerField()
    waitlisted_count = models.PositiveIntegerField()
    decided_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "key"], name="size_change_once")]

    def __str__(self) -> str:
        return f"{self.event_id}: {self.verdict}"
