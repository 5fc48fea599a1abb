"""The operators' pages at /admin/. Nothing here goes around a rule: an event is saved the way the API saves it.

Lists stay cheap on tables with millions of rows: no totals are counted, and registrations are searched by what has
an index (ticket, event, event and e-mail), not by text anywhere in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property

from events.admin.audit import Audited
from events.domain.attendee import email_key
from events.domain.audit import Action
from events.domain.schedule import Schedule, changed_schedule, first_schedule, schedule_problems
from events.domain.scopes import Scope
from events.domain.times import whole_ms
from events.ledger.events import (
    CapacityBelowConfirmed,
    CapacityBelowWaitlisted,
    EventOver,
    cancel_event,
    change_event,
    check_not_over,
    check_sizes,
    lock_event,
)
from events.ledger.tokens import revoke
from events.models import Event, Organizer, OrganizerToken, Registration
from events.secrets import tickets
from events.services.audit import trail_of_admin
from events.services.commands import SIZES, Sizes, close_event, resize, sizes_of
from events.services.publish_event import publish_after_commit

# Django's own classes take no type arguments at run time.
if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
    AnyAdmin = admin.ModelAdmin[Any]
    EventAdminBase = admin.ModelAdmin[Event]
    OrganizerAdminBase = admin.ModelAdmin[Organizer]
    EventFormBase = forms.ModelForm[Event]
    TokenInlineBase = admin.TabularInline[OrganizerToken, Organizer]
else:
    AnyPaginator = Paginator
    AnyAdmin = EventAdminBase = OrganizerAdminBase = admin.ModelAdmin
    EventFormBase = forms.ModelForm
    TokenInlineBase = admin.TabularInline

_TIMES = ("start_time", "end_time", "registration_opens_at", "registration_closes_at")
_COUNTERS = ("confirmed_count", "waitlisted_count", "cancelled_count", "rejected_counts", "last_sequence", "version")


class BoundedPaginator(AnyPaginator):
    """Counts to `LIMIT` and no further: behind that, searching beats turning pages."""

    LIMIT = 1000

    @cached_property
    def count(self) -> int:
        """Rows, or `LIMIT`."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: self.LIMIT].count())


class ReadOnly(Audited, AnyAdmin):
    """Rows that operators look at and nobody edits."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False


class EventForm(EventFormBase):
    """The API's rules for an event, with the API's sentences."""

    class Meta:
        model = Event
        fields = ("organizer", "name", "location", "max_capacity", "waitlist_capacity", *_TIMES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("registration_opens_at", "registration_closes_at"):
            self.fields[name].required = False
        self.fields["start_time"].help_text = "All times in UTC."

    def clean(self) -> dict[str, Any]:
        """Holds the capacity against the seats given out, and the four times against each other."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        self._check_not_over(data)
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
    """Events. Counters belong to the drain and are shown only."""

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
        """An event is part of the ledger for good."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Event | None = None) -> tuple[str, ...]:
        """An event stays with its organizer."""
        return _COUNTERS if obj is None else ("organizer", *_COUNTERS)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Event | None:
        """The event; when it is about to be saved, under the lock that decisions are made under."""
        event = super().get_object(request, object_id, from_field)
        return lock_event(event_id=event.pk) if event and request.method == "POST" else event

    def save_model(self, request: HttpRequest, obj: Event, form: Any, change: bool) -> None:
        """Writes what was changed and nothing else; counters may have moved since the page was shown."""
        if change:
            changed = {*form.changed_data, *(_TIMES if set(_TIMES) & set(form.changed_data) else ())}
            change_event(obj, fields={name: form.cleaned_data[name] for name in changed - SIZES}, now=timezone.now())
            obj.refresh_from_db()
            self._resize_after_commit(request, obj, sizes_of(obj, form.cleaned_data))
        else:
            super().save_model(request, obj, form, change)
        publish_after_commit(obj)

    def _resize_after_commit(self, request: HttpRequest, event: Event, sizes: Sizes) -> None:
        if sizes:
            self.message_user(request, "New sizes take their turn in the event's queue.", messages.INFO)
            transaction.on_commit(lambda: resize(event, sizes))

    @admin.action(description="Cancel the event (takes all places back)")
    def cancel(self, request: HttpRequest, queryset: QuerySet[Event]) -> None:
        """What `POST /events/{id}/cancel` does."""
        for event_id in queryset.values_list("pk", flat=True):
            try:
                self._cancel(request, event_id)
            except EventOver as problem:
                self.message_user(request, f"Event {event_id}: {problem}", messages.ERROR)

    def _cancel(self, request: HttpRequest, event_id: int) -> None:
        with transaction.atomic():
            event = lock_event(event_id=event_id)
            if event and cancel_event(event, now=timezone.now()):
                close_event(event)
                trail_of_admin(request).record(Action.EVENT_CANCELLED, event)
                publish_after_commit(event)


class TokenInline(TokenInlineBase):
    """An organizer's tokens: when, never what."""

    model = OrganizerToken
    extra = 0
    can_delete = False
    readonly_fields = ("label", "scope", "event", "created_at", "last_used_at", "expires_at", "revoked_at")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Tokens are issued by the action, which shows them."""
        return False


@admin.register(Organizer)
class OrganizerAdmin(Audited, OrganizerAdminBase):
    """Organizers, and the one moment at which a token is seen."""

    list_display = ("name", "created_at")
    search_fields = ("name",)
    readonly_fields = ("created_at",)
    inlines = (TokenInline,)
    actions = ("issue_token",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever leaves has their tokens revoked."""
        return False

    @admin.action(description="Issue a token (shown once)")
    def issue_token(self, request: HttpRequest, queryset: QuerySet[Organizer]) -> HttpResponse:
        """A new token for each; on the page itself and not in a message, which would store it."""
        with transaction.atomic():
            issued = [(organizer, _issue(request, organizer)) for organizer in queryset]
        context = {**admin.site.each_context(request), "title": "Tokens", "issued": issued}
        headers = {"Cache-Control": "no-store"}
        return TemplateResponse(request, "admin/events/tokens_issued.html", context, headers=headers)


@admin.register(OrganizerToken)
class OrganizerTokenAdmin(ReadOnly):
    """All tokens, to revoke them."""

    list_display = ("id", "organizer", "label", "scope", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_select_related = ("organizer",)
    list_filter = (("revoked_at", admin.EmptyFieldListFilter),)
    search_fields = ("organizer__name",)
    ordering = ("-id",)
    actions = ("revoke",)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[OrganizerToken]) -> None:
        """From the next request on they no longer count."""
        with transaction.atomic():
            revoked = revoke(queryset, now=timezone.now())
            for row in revoked:
                trail_of_admin(request).record(Action.TOKEN_REVOKED, row)
        self.message_user(request, f"Tokens revoked: {len(revoked)}", messages.SUCCESS)


def _issue(request: HttpRequest, organizer: Organizer) -> str:
    row, token = OrganizerToken.issue_row(
        organizer, scope=Scope.FULL, label="made by an operator", event_id=None, expires_at=None
    )
    trail_of_admin(request).record(Action.TOKEN_CREATED, row)
    return token


@admin.register(Registration)
class RegistrationAdmin(ReadOnly):
    """What the ledger says about each decided ticket."""

    list_display = ("__str__", "event", "name", "email", "status", "reason", "sequence", "decided_at")
    list_select_related = ("event",)
    list_filter = ("status",)
    search_fields = ("ticket_key",)
    search_help_text = "A ticket id, the number of an event, or an event's number and an e-mail address."
    ordering = ("-id",)
    paginator = BoundedPaginator
    show_full_result_count = False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Only searches that an index answers."""
        if not search_term:
            return queryset, False
        ticket = tickets().parse(search_term)
        if ticket:
            return queryset.filter(event_id=ticket[0], ticket_key=ticket[1]), False
        number, _, email = search_term.partition(" ")
        if not number.isdecimal() or len(number) > 18:
            return queryset.none(), False
        found = queryset.filter(event_id=int(number))
        return (found.filter(email_key=email_key(email.strip())) if email else found), False
