"""Validates the bodies that create and change an event.

What is sent is encoded from the structs of `events.domain.public`, since the door sends the same objects without DRF.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec.structs import asdict
from rest_framework import serializers

from events.api.draw_fields import with_draw
from events.api.fields import (
    ChoiceField,
    FlagField,
    MarkdownField,
    MomentField,
    TextField,
    TimeZoneField,
    WholeNumberField,
)
from events.api.hold_fields import COLUMNS, HoldInput, with_hold_columns
from events.api.proof_fields import check_proofs
from events.api.ticket_type_fields import (
    TYPES_MAX,
    TicketTypeInput,
    check_beside_types,
    check_ids,
    check_names,
    complete,
)
from events.domain.schedule import Schedule, changed_schedule, first_schedule, moved_schedule, schedule_problems
from events.domain.seats import MAX_CAPACITY, MAX_QUANTITY
from events.domain.states import Access, Admission, Visibility
from events.domain.times import whole_ms
from events.ledger.counters import terms_of
from events.ledger.descriptions import description_of
from events.models import Event

_TIMES = ("start_time", "end_time", "registration_opens_at", "registration_closes_at")
_SETTINGS = ("max_capacity", "waitlist_capacity", "max_quantity", "access", "mail", "verify_email", "timezone")
_COPIED = ("name", "location", *_SETTINGS, *COLUMNS)
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_OUT_OF_RANGE = {"start_time": [f"All years must lie between {_FIRST_YEAR} and {_LAST_YEAR}."]}


class EventInput(serializers.Serializer[Event]):
    """The body of `POST /events`."""

    # Its context must have `now`.

    name = TextField()
    location = TextField()
    max_capacity = WholeNumberField(
        required=False, min_value=1, max_value=MAX_CAPACITY, help_text="Needed without `ticket_types`, else their sum."
    )
    start_time = MomentField()
    end_time = MomentField(help_text="After the start, and in the future.")
    registration_opens_at = MomentField(required=False, help_text="Now, unless told.")
    registration_closes_at = MomentField(
        required=False, help_text="`end_time`, unless told. After the opening, and not after the event's end."
    )
    waitlist_capacity = WholeNumberField(
        required=False, min_value=0, max_value=MAX_CAPACITY, help_text="0, unless told: no waitlist."
    )
    cancel_until = MomentField(
        required=False,
        allow_null=True,
        help_text="Until when holders may give a confirmed ticket back. Null or absent: until the start.",
    )
    timezone = TimeZoneField(required=False, help_text="The venue's, by its IANA name. `UTC`, unless told.")
    description = MarkdownField(
        required=False, help_text="Markdown, shown on the event's page. Images and HTML are left out there."
    )
    visibility = ChoiceField(
        required=False,
        choices=[v.value for v in Visibility],
        help_text="`public`, unless told. A draft is for you alone.",
    )
    access = ChoiceField(
        required=False,
        choices=[a.value for a in Access],
        help_text="`open`, unless told. With `code` a registration needs an access code.",
    )
    admission = ChoiceField(
        required=False,
        choices=[a.value for a in Admission],
        help_text="`first_come`, unless told. With `draw` all who register before `draw_at` have the same chance.",
    )
    draw_at = MomentField(
        required=False,
        allow_null=True,
        help_text="Of a draw: when it is. In the future, no later than the start, fixed by the first registration.",
    )
    max_quantity = WholeNumberField(
        required=False,
        min_value=1,
        max_value=MAX_QUANTITY,
        help_text="Seats of one registration at most; 1 unless told.",
    )
    hold = HoldInput(
        required=False,
        allow_null=True,
        help_text="Seats are held for a while before they are confirmed. Null or absent: they are not.",
    )
    verify_email = FlagField(
        required=False,
        help_text="A registration is kept only if its address is proved by the token that is mailed to it.",
    )
    ticket_types = serializers.ListField(
        child=TicketTypeInput(),
        required=False,
        max_length=TYPES_MAX,
        help_text="Each with seats and a waitlist of its own; none, unless told. A change replaces the list by `id`.",
    )

    mail = FlagField(
        required=False,
        help_text="True, unless told: guests get mail about their tickets. With EMAIL_URL=off none is sent.",
    )

    def to_internal_value(self, data: Any) -> Any:
        """Asks for a capacity where no ticket types say it."""
        self.fields["max_capacity"].required = not (isinstance(data, dict) and data.get("ticket_types"))
        return super().to_internal_value(data)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks the sizes and the times, and fills in what was not sent."""
        return check_proofs(self._with_times(self._with_types(with_hold_columns(attrs))), self.instance)

    def _with_types(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fills the ticket types in; without any, the event has the sizes. An event that has types keeps them."""
        known = {terms.id: terms for terms in terms_of(self.instance)} if self.instance else {}
        items, sent = attrs.get("ticket_types", []), "ticket_types" in attrs
        problems: dict[str, list[str]] = {}
        if sent and not items and known:
            problems["ticket_types"] = ["An event that has ticket types keeps at least one."]
        elif strange := check_ids(items, known):
            problems["ticket_types"] = strange
        elif items or known:
            types = complete(items, known) if items else [asdict(terms) for terms in known.values()]
            problems = check_beside_types(attrs, types)
            if items and (twice := check_names(types)):
                problems["ticket_types"] = [*problems.get("ticket_types", ()), *twice]
            attrs = {**attrs, "ticket_types": types} if items else attrs
        if problems:
            raise serializers.ValidationError(problems)
        return attrs

    def _with_times(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Fills in the times that were not sent and checks all four against each other."""
        sent = {name: attrs[name] for name in _TIMES if name in attrs}
        now: datetime = whole_ms(self.context["now"])
        schedule = self._schedule(sent, now)
        until = self.instance.cancel_until if self.instance else None
        problems = schedule_problems(schedule, sent=sent, now=now) | _late_cancellations(attrs, schedule, until)
        if problems:
            raise serializers.ValidationError(problems)
        times = {name: getattr(schedule, name) for name in _TIMES} if sent else {}
        return {**with_draw(attrs, schedule, self.instance, now=now), **times}

    def _schedule(self, sent: dict[str, datetime], now: datetime) -> Schedule:
        if self.instance is None:
            return first_schedule(sent=sent, now=now)
        return changed_schedule(sent=sent, current=schedule_of(self.instance))


def _late_cancellations(attrs: dict[str, Any], schedule: Schedule, until: datetime | None) -> dict[str, list[str]]:
    """Finds a `cancel_until` after the end, `until` if none is sent. What was not sent is never at fault."""
    until = attrs.get("cancel_until", until)
    blamed = next((name for name in ("cancel_until", "end_time") if name in attrs), None)
    late = until is not None and until > schedule.end_time
    return {blamed: ["Tickets can be given back no longer than until the event ends."]} if late and blamed else {}


class EventChanges(EventInput):
    """The body of `PATCH /events/{id}`: any of the fields."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, partial=True, **kwargs)


class EventCopy(EventChanges):
    """The body of `POST /events/{id}/duplicate`: what is to be different from the event that it is made from."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Moves the times, and returns all columns of the copy."""
        event, now = self.instance, whole_ms(self.context["now"])
        assert event is not None
        sent = {name: attrs[name] for name in _TIMES if name in attrs}
        try:
            schedule = moved_schedule(sent=sent, original=schedule_of(event))
            later = schedule.start_time - event.start_time
            until = event.cancel_until and event.cancel_until + later
            draw_at = event.draw_at and event.draw_at + later
        except OverflowError:
            raise serializers.ValidationError(_OUT_OF_RANGE) from None
        times = {name: getattr(schedule, name) for name in _TIMES}
        if any(not _FIRST_YEAR <= moment.year <= _LAST_YEAR for moment in times.values()):
            raise serializers.ValidationError(_OUT_OF_RANGE)
        problems = schedule_problems(schedule, sent=sent, now=now) | _late_cancellations(attrs, schedule, until)
        if not problems and schedule.end_time <= now:
            problems = {"start_time": ["The copy would be over already: it needs a later start."]}
        if problems:
            raise serializers.ValidationError(problems)
        copied = {name: getattr(event, name) for name in _COPIED}
        changes = self._with_types(with_hold_columns(attrs))
        # The copy's types get ids of their own.
        types = changes.get("ticket_types") or [asdict(terms) for terms in terms_of(event)]
        fresh = [{name: value for name, value in one.items() if name != "id"} for one in types]
        new = {"description": description_of(event), "cancel_until": until, "visibility": Visibility.DRAFT.value}
        kind = Admission.DRAW if event.draw_at else Admission.FIRST_COME
        draw = {"admission": kind, "draw_at": draw_at, **_draw_of(attrs)}
        changes = with_draw({**changes, **draw}, schedule, None, now=now)
        return check_proofs({**copied, **new, **changes, **times, "ticket_types": fresh}, None)


def _draw_of(attrs: dict[str, Any]) -> dict[str, Any]:
    """Returns what a change says of the draw; one that takes it away takes its time too."""
    sent: dict[str, Any] = {name: attrs[name] for name in ("admission", "draw_at") if name in attrs}
    if sent.get("admission") == Admission.FIRST_COME:
        sent.setdefault("draw_at", None)
    return sent


def schedule_of(event: Event) -> Schedule:
    """Returns the event's four times."""
    return Schedule(**{name: getattr(event, name) for name in _TIMES})
