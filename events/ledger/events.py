"""Creating and changing events.

A change holds the event's row lock, under which seats are decided too, from before its rules are checked until its
commit. So a change never races with a decision, and two concurrent changes are checked one after the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from msgspec.structs import asdict

from events.domain.commands import TypeTerms
from events.domain.seats import TYPES_OF_AN_EVENT, type_id_of
from events.domain.states import Visibility
from events.domain.text import search_key
from events.domain.webhooks.message import MessageType
from events.ledger.counters import terms_of
from events.ledger.descriptions import set_description
from events.ledger.draw.setting import check_unfixed, set_draw
from events.ledger.mail.notices import note_change, told_fields
from events.ledger.webhooks.about_events import write_event_message
from events.models import Event, Organizer, Registration, SizeChange, TicketType, Webhook


class EventOver(Exception):
    """The event has ended, and seats no longer change."""

    def __init__(self) -> None:
        super().__init__("The event is over: no seat moves any more.")


class EventInUse(Exception):
    """Someone has registered for the event."""

    def __init__(self) -> None:
        super().__init__("Someone has registered for this event. It can be cancelled.")


def create_event(*, organizer: Organizer, fields: Mapping[str, Any]) -> Event:
    """Writes a new event of `organizer`; `fields` are validated values by column, and those of its ticket types.

    Raises NoLog: it is to have a draw, and logs are off.
    """
    with transaction.atomic():
        columns = {name: value for name, value in fields.items() if name not in ("draw_at", "description")}
        event = _create(organizer, columns)
        if set_description(event, fields.get("description", "")):
            event.save(update_fields=["description_version"])
        if draw_at := fields.get("draw_at"):
            set_draw(event, draw_at, now=event.created_at)
    return event


def _create(organizer: Organizer, fields: Mapping[str, Any]) -> Event:
    columns = {name: value for name, value in fields.items() if name != "ticket_types"}
    items = fields.get("ticket_types", ())
    if not items:
        return Event.objects.create(organizer=organizer, **columns)
    columns |= {size: sum(item[column] for item in items) for size, column in _SUMS.items()}
    event = Event.objects.create(organizer=organizer, has_types=True, last_type_number=len(items), **columns)
    TicketType.objects.bulk_create(
        TicketType(id=type_id_of(event.pk, number), event=event, rank=number - 1, **item)
        for number, item in enumerate(items, start=1)
    )
    return event


# Sizes of an event, and the sizes of its ticket types that they are the sums of.
_SUMS = {"max_capacity": "capacity", "waitlist_capacity": "waitlist_capacity"}


def new_terms(event: Event, items: Sequence[Mapping[str, Any]]) -> tuple[TypeTerms, ...]:
    """Returns the ticket types that a locked event is to have, where they differ from those it has; else nothing.

    A new type has its id from here on. None is given a second time, also if the change is refused.
    """
    number, terms = event.last_type_number, []
    for item in items:
        if "id" not in item:
            number += 1
        terms.append(TypeTerms(**{"id": type_id_of(event.pk, number), **item}))
    if number >= TYPES_OF_AN_EVENT:
        raise TooManyTypes
    if number > event.last_type_number:
        event.last_type_number = number
        event.save(update_fields=["last_type_number"])
    return () if tuple(terms) == terms_of(event) else tuple(terms)


class TooManyTypes(Exception):
    """The event has had as many ticket types as there are numbers for them."""

    def __init__(self) -> None:
        super().__init__(f"An event can have {TYPES_OF_AN_EVENT - 1} ticket types in its time.")


def change_to_types(event: Event, terms: Sequence[TypeTerms], *, now: datetime) -> Event:
    """Turns a locked event that has no registration yet into one with ticket types."""
    columns = {size: sum(getattr(one, column) for one in terms) for size, column in _SUMS.items()}
    Event.objects.filter(pk=event.pk).update(has_types=True, version=F("version") + 1, **columns, **_revised(now))
    TicketType.objects.bulk_create(TicketType(event=event, rank=rank, **asdict(one)) for rank, one in enumerate(terms))
    event.refresh_from_db()
    write_event_message(event, MessageType.EVENT_CHANGED, now=now)
    return event


def event_for_change(*, event_id: int, organizer_id: int | None = None) -> Event | None:
    """Reads the event and locks it until the caller's transaction ends; None if this organizer has no such event."""
    owned = {} if organizer_id is None else {"organizer_id": organizer_id}
    return Event.objects.select_for_update().filter(pk=event_id, **owned).first()


# Fields that may be changed after the event: they change neither seats nor times.
_ALWAYS = frozenset({"name", "location", "visibility", "mail", "timezone", "description"})


def check_not_over(event: Event, *, fields: Mapping[str, Any], now: datetime) -> None:
    """Refuses at once to change sizes or times of an event that has ended. Raises EventOver."""
    moved = any(fields[name] != getattr(event, name) for name in fields.keys() - _ALWAYS)
    if moved and event.end_time <= now:
        raise EventOver


def change_event(event: Event, *, fields: Mapping[str, Any], now: datetime) -> Event:
    """Writes validated `fields` and grows the version, and the revision if anything differs from what is stored.

    `event` comes from `event_for_change`, in the same transaction. Sizes are not among the fields: they move seats, and
    go through the event's queue.

    Raises DrawFixed, NoLog.
    """
    assert not {"max_capacity", "waitlist_capacity"} & fields.keys()
    if fields:
        lines = (str(fields.get(name, getattr(event, name))) for name in ("name", "location"))
        stored = {name: value for name, value in fields.items() if name != "description"}
        columns = {**stored, "search_key": search_key(*lines), "version": F("version") + 1}
        described = "description" in fields and set_description(event, fields["description"])
        if described:
            columns["description_version"] = event.description_version
        before = Event.objects.get(pk=event.pk)  # a form of the admin has put its values into `event`
        revised = described or {name: getattr(before, name) for name in stored} != stored
        if revised:
            columns |= _revised(now)
        if fields.get("start_time", before.start_time) != before.start_time and before.visibility != Visibility.DRAFT:
            columns["previous_start_time"] = before.start_time
        if "draw_at" in fields and fields["draw_at"] != event.draw_at:
            check_unfixed(event)
            set_draw(event, fields["draw_at"], now=now)
        Event.objects.filter(pk=event.pk).update(**columns)
        event.refresh_from_db()
        note_change(event, before=told_fields(before), now=now)
        if revised:
            write_event_message(event, MessageType.EVENT_CHANGED, now=now)
    return event


def cancel_event(event: Event, *, now: datetime) -> bool:
    """Marks an event cancelled: from now on every registration is refused. Returns False if it was cancelled already.

    `event` comes from `event_for_change`, in the same transaction. The drain cancels its tickets.

    Raises:
        EventOver: it has ended; its registrations stay as they are.
    """
    if event.cancelled_at is not None:
        return False
    if event.end_time <= now:
        raise EventOver
    Event.objects.filter(pk=event.pk).update(cancelled_at=now, version=F("version") + 1, **_revised(now))
    event.refresh_from_db()
    write_event_message(event, MessageType.EVENT_CANCELLED, now=now)
    return True


def check_unused(event: Event) -> None:
    """Refuses to delete an event that the ledger has a registration of, whatever its status. Raises EventInUse."""
    if Registration.objects.filter(event_id=event.pk).exists():
        raise EventInUse


def delete_event(event: Event, *, now: datetime) -> None:
    """Deletes an event, with the tokens and webhooks that are for it alone.

    `event` comes from `event_for_change`, in the same transaction, after the door was closed on it.
    """
    Webhook.objects.filter(event_id=event.pk, deleted_at=None).update(deleted_at=now)
    Webhook.objects.filter(event_id=event.pk).update(event=None)
    event.delete()


def pause_event(event: Event, *, now: datetime) -> bool:
    """Stops registration until `resume_event`. Returns False if it was stopped already.

    `event` comes from `event_for_change`, in the same transaction. What is queued is decided all the same.

    Raises:
        EventOver
    """
    if event.end_time <= now:
        raise EventOver
    return event.paused_at is None and _set_pause(event, now, now=now)


def resume_event(event: Event, *, now: datetime) -> bool:
    """Lets registration follow its times again. Returns False if it was not stopped. The same rules as above."""
    if event.end_time <= now:
        raise EventOver
    return event.paused_at is not None and _set_pause(event, None, now=now)


def _set_pause(event: Event, since: datetime | None, *, now: datetime) -> bool:
    Event.objects.filter(pk=event.pk).update(paused_at=since, version=F("version") + 1, **_revised(now))
    event.refresh_from_db()
    write_event_message(event, MessageType.EVENT_CHANGED, now=now)
    return True


def _revised(now: datetime) -> dict[str, Any]:
    return {"revision": F("revision") + 1, "changed_at": now}


def size_change(*, event_id: int, key: str) -> SizeChange | None:
    """Returns the result of a `Resize`; None while it is in the queue."""
    return SizeChange.objects.filter(event_id=event_id, key=key).first()
