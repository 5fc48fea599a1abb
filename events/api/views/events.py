"""`/events` and `PATCH /events/{id}`."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from events.api import docs
from events.api.refusals import event_not_found, unavailable
from events.api.serializers import EventChanges, EventInput
from events.api.views.base import ApiView, organizer_of, validated
from events.domain.event_view import event_data
from events.domain.times import to_ms
from events.ledger import queries
from events.ledger.events import change_event, create_event, lock_event
from events.models import Event
from omnify import http
from omnify.pagination import check_exists, page_data, page_url, read_page
from omnify.publish import publish_after_commit

DOOR_ONLY = "The ASGI door answers this route: start the service with `make run`."


class EventList(ApiView):
    """All events, and a new one."""

    organizer_methods = frozenset({"POST"})

    @docs.LIST_EVENTS
    def get(self, request: Request) -> HttpResponse:
        """A page, soonest start first."""
        page = read_page(request.query_params)
        total = queries.count_events()
        check_exists(page, total_items=total)
        rows = queries.events_by_start(offset=page.offset, limit=page.size)
        following = page.offset + len(rows) < total
        return http.ok(
            page_data(
                page,
                total_items=total,
                results=_render(*rows),
                next_page=_link(request, page.number + 1) if following else None,
                previous_page=_link(request, page.number - 1) if page.number > 1 else None,
            ),
            message="Events, soonest start first.",
        )

    @docs.CREATE_EVENT
    def post(self, request: Request) -> HttpResponse:
        """A new event of the organizer who asks."""
        fields = validated(EventInput(data=request.data, context={"now": timezone.now()}))
        event = create_event(organizer=organizer_of(request), fields=fields)
        publish_after_commit(event)
        headers = {"Location": f"/events/{event.pk}"}
        return http.ok(_render(event)[0], message="The event is created.", status=201, headers=headers)


class EventDetail(ApiView):
    """One event. The door reads it; here it is changed."""

    organizer_methods = frozenset({"PATCH"})

    @docs.READ_EVENT
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Only reached without the door."""
        raise unavailable(DOOR_ONLY)

    @docs.CHANGE_EVENT
    def patch(self, request: Request, event_id: int | None) -> HttpResponse:
        """Changes an event of the organizer who asks."""
        organizer, data = organizer_of(request), request.data
        with transaction.atomic():
            event = event_id and lock_event(event_id=event_id, organizer_id=organizer.pk)
            if not event:
                raise event_not_found()
            changes = EventChanges(event, data=data, context={"now": timezone.now()})
            event = change_event(event, fields=validated(changes))
            publish_after_commit(event)
        return http.ok(_render(event)[0], message="The event is changed.")


def _render(*events: Event) -> list[dict[str, object]]:
    now_ms = to_ms(timezone.now())
    return [event_data(queries.event_snapshot(event), now_ms=now_ms) for event in events]


def _link(request: Request, number: int) -> str:
    url = request.build_absolute_uri(request.path)
    return page_url(url, request.query_params.dict(), page=number)
