"""The objects that go out, as serializers, for the schema only: plain functions render them (see `serializers`)."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from enum import StrEnum
from functools import cache
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from events.domain.states import CANCELLATION_REASONS, REJECTION_REASONS, EventState, Reason, Status
from omnify.common.envelope import Code


@extend_schema_field({"type": "boolean", "enum": [True]})
class _Always(serializers.BooleanField):
    """`true`, in every success."""


@extend_schema_field({"type": "boolean", "enum": [False]})
class _Never(serializers.BooleanField):
    """`false`, in every failure."""


@extend_schema_field(
    {
        "type": "object",
        "nullable": True,
        "additionalProperties": {"type": "array", "items": {"type": "string"}},
        "description": "Sentences for people by field, query parameter or header; null when no field is at fault.",
    }
)
class _ErrorsByField(serializers.JSONField):
    """`{"<field>": ["..."]} | null`."""


def names(kind: Iterable[StrEnum]) -> list[str]:
    """The values of an enumeration, or of some of its members."""
    return [member.value for member in kind]


class Failure(serializers.Serializer[Any]):
    """Every answer that is not a success."""

    success = _Never()
    code = serializers.ChoiceField(choices=names(Code), help_text="For programs.")
    message = serializers.CharField(help_text="For people.")
    errors = _ErrorsByField()  # type: ignore[assignment]


class Event(serializers.Serializer[Any]):
    """An event as everybody sees it. Times in UTC."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    location = serializers.CharField()
    max_capacity = serializers.IntegerField()
    waitlist_capacity = serializers.IntegerField()
    start_time = serializers.DateTimeField()
    end_time = serializers.DateTimeField()
    registration_opens_at = serializers.DateTimeField()
    registration_closes_at = serializers.DateTimeField()
    confirmed_count = serializers.IntegerField()
    waitlisted_count = serializers.IntegerField()
    seats_left = serializers.IntegerField()
    registration_state = serializers.ChoiceField(choices=names(EventState))
    revision = serializers.IntegerField(help_text="Grows with each change by the organizer; not with registrations.")
    updated_at = serializers.DateTimeField(help_text="The last of these changes.")


class Attendee(serializers.Serializer[Any]):
    """A confirmed registration as its organizer sees it."""

    ticket_id = serializers.CharField(required=False, help_text="With a token of the scope `full` alone.")
    reference = serializers.CharField(help_text="Names the ticket to people, in logs and exports; opens nothing.")
    name = serializers.CharField()
    email = serializers.CharField()
    confirmed_at = serializers.DateTimeField(allow_null=True, help_text="Null on the waitlist.")
    sequence = serializers.IntegerField(help_text="Place in the order of admission; gaps are legal.")
    checked_in_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.ChoiceField(
        choices=names(CANCELLATION_REASONS), allow_null=True, help_text="By whom it was cancelled; null otherwise."
    )


class RejectedCounts(serializers.Serializer[Any]):
    """Rejections by reason, all reasons present."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """One counter for each reason."""
        return {reason: serializers.IntegerField() for reason in names(REJECTION_REASONS)}


class Stats(serializers.Serializer[Any]):
    """Where an event's registrations stand."""

    queued = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    waitlisted = serializers.IntegerField()
    rejected = RejectedCounts()
    cancelled = serializers.IntegerField()
    checked_in = serializers.IntegerField(help_text="Of the confirmed; of a cancelled event those who were let in.")
    admitted_per_second = serializers.FloatField(help_text="Over the last seconds.")
    decided_per_second = serializers.FloatField(help_text="Over the last seconds.")
    oldest_queued_seconds = serializers.FloatField(help_text="Age of the head of the queue; 0 when it is empty.")


class RegistrationInput(serializers.Serializer[Any]):
    """The body of a registration."""

    name = serializers.CharField(min_length=1, max_length=255)
    email = serializers.EmailField(max_length=254, help_text="Letter case does not make another person.")
    callback_url = serializers.CharField(
        required=False,
        allow_null=True,
        max_length=2048,
        help_text="Only with an organizer's token: gets this ticket's messages, signed with the default secret.",
    )


class AcceptedTicket(serializers.Serializer[Any]):
    """The promise of a decision."""

    ticket_id = serializers.CharField(help_text="The key to the ticket: whoever has it may read the ticket.")
    event_id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=names(Status))
    position = serializers.IntegerField(allow_null=True, help_text="Place in line, from 1; null once decided.")
    status_url = serializers.CharField()
    requested_at = serializers.DateTimeField()


class Ticket(serializers.Serializer[Any]):
    """A registration as its holder sees it: neither name nor e-mail."""

    ticket_id = serializers.CharField(help_text="The key to the ticket.")
    reference = serializers.CharField(help_text="Names the ticket to people, in logs and exports; opens nothing.")
    event_id = serializers.IntegerField()
    status = serializers.ChoiceField(choices=names(Status))
    reason = serializers.ChoiceField(
        choices=names(Reason), allow_null=True, help_text="Why it was rejected, or by whom it was cancelled."
    )
    position = serializers.IntegerField(allow_null=True, help_text="Place in line, 1 is next; null once decided.")
    sequence = serializers.IntegerField(allow_null=True, help_text="Place in the order of admission.")
    requested_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    check_in_code = serializers.CharField(
        allow_null=True, help_text="What the QR code holds; only with a seat. It lets in, and opens nothing else."
    )
    checked_in_at = serializers.DateTimeField(allow_null=True, help_text="When its holder was let in.")
    estimated_seconds = serializers.FloatField(required=False, help_text="Expected wait; only while queued.")


class CancelledTicket(Ticket):
    """A ticket whose cancellation takes its turn."""

    cancellation_sequence = serializers.IntegerField(
        allow_null=True, help_text="The cancellation's place in the order of admission; null: nothing to cancel."
    )


class Alive(serializers.Serializer[Any]):
    """The process answers."""

    status = serializers.ChoiceField(choices=["alive"])


class Readiness(serializers.Serializer[Any]):
    """What the service needs, each `ok`."""

    redis = serializers.CharField()
    database = serializers.CharField()
    workers = serializers.CharField()


@cache
def answer_with(data: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The success wrapper around one object."""
    return _wrap(f"{data.__name__}Answer", data())


@cache
def page_of(item: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """The success wrapper around a page of objects."""
    page = _serializer(
        f"{item.__name__}Page",
        total_items=serializers.IntegerField(),
        total_pages=serializers.IntegerField(),
        current_page=serializers.IntegerField(),
        next_page=serializers.URLField(allow_null=True),
        previous_page=serializers.URLField(allow_null=True),
        results=item(many=True),
    )
    return _wrap(f"{item.__name__}PageAnswer", page())


def _wrap(name: str, data: serializers.Serializer[Any]) -> type[serializers.Serializer[Any]]:
    message = serializers.CharField(help_text="For people.")
    return _serializer(name, success=_Always(), message=message, data=data)


def _serializer(name: str, **fields: Any) -> type[serializers.Serializer[Any]]:
    # `data` is a property of every serializer, so fields are handed out by get_fields instead of being declared.
    # Copies, as DRF's own get_fields does: a field belongs to one serializer, and one is made for every document.
    return type(name, (serializers.Serializer,), {"get_fields": lambda self: deepcopy(fields)})
