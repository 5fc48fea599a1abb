"""Events in the operators' pages, with the API's rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from events.admin.audit import Audited
from events.admin.base import BoundedPaginator
from events.api.fields import DESCRIPTION_MAX
from events.api.proof_fields import NO_MAIL
from events.domain.audit import Action
from events.domain.schedule import Schedule, changed_schedule, first_schedule, schedule_problems
from events.domain.text import clean_text
from events.domain.times import whole_ms
from events.domain.zones import UTC_NAME, time_zones
from events.ledger.descriptions import description_of, set_description
from events.ledger.events import EventOver, cancel_event, change_event, check_not_over, event_for_change
from events.ledger.size_checks import CapacityBelowConfirmed, CapacityBelowWaitlisted, check_sizes
from events.models import Event
from events.services.audit import trail_of_admin
from events.services.commands import SIZES, Sizes, close_event, resize, sizes_of
from events.services.publish_event import NotInForce, publish_after_commit

# Django's own classes take no type arguments at run time.
if TYPE_CHECKING:
    EventAdminBase = admin.ModelAdmin[Event]
    EventFormBase = forms.ModelForm[Event]
else:
    EventAdminBase = admin.ModelAdmin
    EventFormBase = forms.ModelForm

_TIMES = ("start_time", "end_time", "registration_opens_at", "registration_closes_at")
_COUNTERS = ("confirmed_count", "waitlisted_count", "cancelled_count", "rejected_counts", "last_sequence", "version")


def time_zone_choices() -> list[tuple[str, str]]:
    """Returns the names of all time zones, for a list to choose from."""
    return [(name, name) for name in sorted(time_zones())]


class DescriptionField(forms.Field):
    """A text of several lines, held to what the API lets in."""

    def to_python(self, value: str | None) -> str:
        """Returns the cleaned text."""
        try:
            return clean_text(value or "", longest=DESCRIPTION_MAX)
        except ValueError as problem:
            raise forms.ValidationError(str(problem)) from problem


class EventForm(EventFormBase):
    """Checks an event by the API's rules, with the API's messages."""

    class Meta:
        model = Event
        fields = (
            *("organizer", "name", "location", "timezone", "visibility", "mail"),
            *("max_capacity", "waitlist_capacity", *_TIMES),
        )

    timezone = forms.ChoiceField(initial=UTC_NAME, choices=time_zone_choices, help_text="The venue's.")
    # A row of its own (`events.ledger.descriptions`).
    description = DescriptionField(required=False, widget=forms.Textarea, help_text="Markdown.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("registration_opens_at", "registration_closes_at"):
            self.fields[name].required = False
        self.fields["start_time"].help_text = "All times in UTC, whatever the time zone."
        if not self.instance._state.adding:
            self.initial["description"] = description_of(self.instance)

    def clean(self) -> dict[str, Any]:
        """Checks the capacity against the seats given out, and the four times against each other."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_not_over(data)
        if self.instance.verify_email and not data.get("mail"):
            self.add_error("mail", NO_MAIL)
        try:
            check_sizes(self.instance, **{name: data.get(name) for name in SIZES})
        except CapacityBelowConfirmed as problem:
            self.add_error("max_capacity", str(problem))
        except CapacityBelowWaitlisted as problem:
            self.add_error("waitlist_capacity", str(problem))
        sent = {name: whole_ms(data[name]) for name in _TIMES if name in self.changed_data and data.get(name)}
        if not self.errors and sent:
            data |= self._times(sent)
        return data

    def _check_not_over(self, data: dict[str, Any]) -> None:
        if self.instance._state.adding:
            return
        changed = {name: data[name] for name in {*SIZES, *_TIMES} & {*self.changed_data} if data.get(name) is not None}
        try:
            check_not_over(self.instance, fields=changed, now=timezone.now())
        except EventOver as problem:
            self.add_error(None, str(problem))

    def _times(self, sent: dict[str, Any]) -> dict[str, Any]:
        now = whole_ms(timezone.now())
        if self.instance._state.adding:
            schedule = first_schedule(sent=sent, now=now)
        else:
            current = Schedule(**{name: getattr(self.instance, name) for name in _TIMES})
            schedule = changed_schedule(sent=sent, current=current)
        for name, sentences in schedule_problems(schedule, sent=sent, now=now).items():
            self.add_error(name, forms.ValidationError(list(sentences)))
        return {name: getattr(schedule, name) for name in _TIMES}


@admin.register(Event)
class EventAdmin(Audited, EventAdminBase):
    """Shows and saves events. Counters belong to the drain and are read-only."""

    form = EventForm
    list_display = ("id", "name", "organizer", "start_time", "max_capacity", "confirmed_count")
    list_display_links = ("id", "name")
    list_select_related = ("organizer",)
    search_fields = ("name__istartswith", "=id")
    ordering = ("-id",)
    paginator = BoundedPaginator
    show_full_result_count = False
    readonly_fields = _COUNTERS
    actions = ("cancel",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Returns False: an event stays in the ledger."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Event | None = None) -> tuple[str, ...]:
        """Returns the fields that cannot be changed; of an existing event also its organizer."""
        if obj is None:
            return _COUNTERS
        # With ticket types, they have the sizes.
        return ("organizer", *sorted(SIZES), *_COUNTERS) if obj.has_types else ("organizer", *_COUNTERS)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        """Returns the event; for a save, under the lock that decisions are made under."""
        event = super().get_object(request, object_id, from_field)
        return event_for_change(event_id=event.pk) if event and request.method == "POST" else event

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Writes only what was changed: counters may have moved since the page was rendered."""
        if change:
            changed = {*form.changed_data, *(_TIMES if set(_TIMES) & set(form.changed_data) else ())}
            change_event(obj, fields={name: form.cleaned_data[name] for name in changed - SIZES}, now=timezone.now())
            obj.refresh_from_db()
            self._resize_after_commit(request, obj, sizes_of(obj, form.cleaned_data))
        else:
            super().save_model(request, obj, form, change)
            if set_description(obj, form.cleaned_data["description"]):
                obj.save(update_fields=["description_version"])
        publish_after_commit(obj, otherwise=self._not_in_force(request))

    def _not_in_force(self, request: HttpRequest) -> Callable[[], None]:
        return lambda: self.message_user(request, str(NotInForce()), messages.WARNING)

    def _resize_after_commit(self, request: HttpRequest, event: Event, sizes: Sizes) -> None:
        if sizes:
            self.message_user(request, "New sizes take their turn in the event's queue.", messages.INFO)
            transaction.on_commit(lambda: resize(event, sizes))

    @admin.action(description="Cancel the event (and all its tickets)")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        """Does what `POST /events/{id}/cancel` does."""
        for event_id in queryset.values_list("pk", flat=True):
            try:
                self._cancel(request, event_id)
            except EventOver as problem:
                self.message_user(request, f"Event {event_id}: {problem}", messages.ERROR)

    def _cancel(self, request: HttpRequest, event_id: int) -> None:
        with transaction.atomic():
            event = event_for_change(event_id=event_id)
            if event and cancel_event(event, now=timezone.now()):
                close_event(event)
                trail_of_admin(request).record(Action.EVENT_CANCELLED, event)
                publish_after_commit(event, otherwise=self._not_in_force(request))
