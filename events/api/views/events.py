"""`/events`, `/events/{id}`, its cancellation and its duplication."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from msgspec import structs
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.lists import ListView, flag, numbered_page, one_of, search_text
from events.api.parsers import EVENT_BODY_BYTES
from events.api.permissions import token_of
from events.api.refusals import event_not_found, unavailable
from events.api.responses import PUBLIC
from events.api.serializers import EventChanges, EventCopy, EventInput
from events.api.views.base import READS, ApiView, organizer_of, own_event, trail_of, validated
from events.domain.audit import Action
from events.domain.public import event as public
from events.domain.scopes import ANYONE, ONLY_FULL
from events.domain.states import EventState, Visibility
from events.domain.times import to_ms
from events.ledger import queries
from events.ledger.counters import with_types
from events.ledger.descriptions import description_of
from events.ledger.event_lists import EventFilter, list_events
from events.ledger.events import (
    cancel_event,
    change_event,
    check_not_over,
    create_event,
    event_for_change,
    pause_event,
    resume_event,
)
from events.ledger.size_checks import check_sizes, check_types
from events.models import Event, Organizer
from events.services.audit import audit_object_of
from events.services.commands import QUEUED, Sizes, await_resize, close_event, give_types, resize, sizes_of
from events.services.delete_event import CommandQueued, delete_unused
from events.services.draws import check_draw
from events.services.publish_event import publish_after_commit, publish_new_after_commit


class EventList(ListView):
    """Lists events, and creates one."""

    scopes = {"GET": ANYONE, "POST": ONLY_FULL}
    max_body_bytes = EVENT_BODY_BYTES
    filters = {
        "state": one_of(*(state.value for state in EventState)),
        "search": search_text,
        "past": flag,
        "mine": flag,
    }

    @openapi.LIST_EVENTS
    def get(self, request: Request) -> HttpResponse:
        """Answers with a page."""
        filters = self.list_query.filters
        wanted = EventFilter(
            now=timezone.now(),
            past=filters.get("past", False),
            search=filters.get("search", ""),
            state=EventState(filters["state"]) if "state" in filters else None,
            organizer_id=_asking(request).pk if filters.get("mine") else None,
            event_id=token_of(request).event_id if filters.get("mine") else None,
        )
        message = "Past events, the latest first." if wanted.past else "Events, soonest start first."
        kept = None if wanted.organizer_id else PUBLIC
        return responses.ok(numbered_page(self.list_query, list_events(wanted), _render), message=message, headers=kept)

    @openapi.CREATE_EVENT
    def post(self, request: Request) -> HttpResponse:
        """Creates an event of the request's organizer."""
        return _created(request, validated(EventInput(data=request.data, context={"now": timezone.now()})))


class EventDetail(ApiView):
    """Changes one event, and shows a draft to its organizer. The door shows all others."""

    scopes = {"GET": ANYONE, "PATCH": ONLY_FULL, "DELETE": ONLY_FULL}
    max_body_bytes = EVENT_BODY_BYTES

    def perform_authentication(self, request: Request) -> None:
        """Takes a reader with an invalid token for one without: a 401 would tell a draft from an event that is none."""
        try:
            super().perform_authentication(request)
        except AuthenticationFailed:
            if request.method not in READS:
                raise

    @openapi.READ_EVENT
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with the event; 404 for another organizer's draft, as for an event that does not exist."""
        event = queries.find_event(event_id=event_id) if event_id else None
        if event is None or (event.visibility == Visibility.DRAFT and not _sees_drafts_of(request, event)):
            raise event_not_found()
        return responses.ok(_render_one(event))

    @openapi.CHANGE_EVENT
    def patch(self, request: Request, event_id: int | None) -> HttpResponse:
        """Changes the organizer's event: first its sizes, through the queue, then the rest."""
        with transaction.atomic():
            event = _locked(request, event_id)
            fields = _changes(event, request.data)
            check_not_over(event, fields=fields, now=timezone.now())
            event, given = give_types(event, fields)
            sizes = Sizes() if given else sizes_of(event, fields)
            check_sizes(event, max_capacity=sizes.max_capacity, waitlist_capacity=sizes.waitlist_capacity)
            check_types(event, sizes.types)
            check_draw(event, fields)
            if sizes:
                trail_of(request).record(Action.EVENT_CHANGED, event)
        if sizes:
            await_resize(event.pk, resize(event, sizes))
        with transaction.atomic():
            event = _locked(request, event_id)
            fields = _changes(event, request.data)
            check_not_over(event, fields=fields, now=timezone.now())
            changes = {name: fields[name] for name in fields.keys() - QUEUED}
            event = change_event(event, fields=changes, now=timezone.now())
            if not sizes or fields.keys() - QUEUED:
                trail_of(request).record(Action.EVENT_CHANGED, event)
            publish_after_commit(event)
        return responses.ok(_render_one(event), message="The event is changed.")

    @openapi.DELETE_EVENT
    def delete(self, request: Request, event_id: int | None) -> HttpResponse:
        """Deletes the organizer's event, if no one has registered for it."""
        with transaction.atomic():
            event = _locked(request, event_id)
            shown, target = _render_one(event), audit_object_of(event)
            try:
                delete_unused(event, now=timezone.now())
            except CommandQueued:
                raise unavailable("A change of the event waits for its turn in the queue.") from None
            trail_of(request).record(Action.EVENT_DELETED, target)
        return responses.ok(shown, message="The event is deleted.")


class EventDuplication(ApiView):
    """Makes a new event from one."""

    scopes = {"POST": ONLY_FULL}
    max_body_bytes = EVENT_BODY_BYTES

    @openapi.DUPLICATE_EVENT
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Creates an event with the settings of the organizer's event, and with what the body says."""
        original = own_event(request, event_id)
        fields = validated(EventCopy(original, data=request.data, context={"now": timezone.now()}))
        return _created(request, fields)


class EventCancellation(ApiView):
    """Cancels one event."""

    scopes = {"POST": ONLY_FULL}

    @openapi.CANCEL_EVENT
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Closes registration at once; the event's queue takes the seats back. Repeating it is harmless."""
        with transaction.atomic():
            event = _locked(request, event_id)
            if cancel_event(event, now=timezone.now()):
                close_event(event)
            trail_of(request).record(Action.EVENT_CANCELLED, event)
            publish_after_commit(event)
        return responses.ok(_render_one(event), message="The event is cancelled.")


class EventPause(ApiView):
    """Stops registration for an event for now."""

    scopes = {"POST": ONLY_FULL}

    @openapi.PAUSE_EVENT
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Has the door refuse registrations at once. Repeating it is harmless."""
        return _paused(request, event_id, pause_event, Action.EVENT_PAUSED, "Registration is paused.")


class EventResumption(ApiView):
    """Goes on with registration for an event."""

    scopes = {"POST": ONLY_FULL}

    @openapi.RESUME_EVENT
    def post(self, request: Request, event_id: int | None) -> HttpResponse:
        """Has the door take registrations again, where the event's times allow it. Repeating it is harmless."""
        return _paused(request, event_id, resume_event, Action.EVENT_RESUMED, "Registration goes on.")


def _paused(
    request: Request, event_id: int | None, change: Callable[..., bool], action: Action, message: str
) -> HttpResponse:
    with transaction.atomic():
        event = _locked(request, event_id)
        change(event, now=timezone.now())
        trail_of(request).record(action, event)
        publish_after_commit(event)
    return responses.ok(_render_one(event), message=message)


def _created(request: Request, fields: Mapping[str, Any]) -> HttpResponse:
    with transaction.atomic():
        event = create_event(organizer=organizer_of(request), fields=fields)
        trail_of(request).record(Action.EVENT_CREATED, event)
        publish_new_after_commit(event)
    headers = {"Location": f"/events/{event.pk}"}
    return responses.ok(_render_one(event), message="The event is created.", status=201, headers=headers)


def _locked(request: Request, event_id: int | None) -> Event:
    """Finds the organizer's own event and locks it until the transaction ends; else 404."""
    event = event_id and event_for_change(event_id=event_id, organizer_id=organizer_of(request).pk)
    if not event:
        raise event_not_found()
    return event


def _changes(event: Event, data: Any) -> dict[str, Any]:
    return validated(EventChanges(event, data=data, context={"now": timezone.now()}))


def _render(events: Iterable[Event]) -> list[public.Event]:
    now_ms = to_ms(timezone.now())
    return [public.render_event(queries.event_snapshot(event), now_ms=now_ms) for event in with_types(events)]


def _render_one(event: Event) -> public.Event:
    return structs.replace(_render([event])[0], description=description_of(event))


def _sees_drafts_of(request: Request, event: Event) -> bool:
    """Tells whether the request has a token of the event's organizer that reaches the event."""
    token: Any = request.auth
    return token is not None and token.organizer_id == event.organizer_id and token.event_id in (None, event.pk)


def _asking(request: Request) -> Organizer:
    """Returns the organizer, where only some filters of a list need a token."""
    if request.user is None:
        raise NotAuthenticated
    return organizer_of(request)
