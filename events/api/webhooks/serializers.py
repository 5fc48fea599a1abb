"""Validates what an organizer sends about a webhook: its URL, its message types, its event."""

from __future__ import annotations

import socket
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from django.conf import settings
from rest_framework import serializers

from events.api.fields import ChoiceField, DescribedField, FlagField, MomentField, WholeNumberField
from events.domain.webhooks.message import MessageType
from events.domain.webhooks.url import NOT_PUBLIC, URL_MAX, BadUrl, Target, check_url, is_allowed, url_pattern
from events.ledger import queries
from events.models import Event

LOOK_UP_SECONDS = 2.0


class WebhookUrlField(DescribedField, serializers.CharField):
    """Accepts an address that messages may be sent to. Every connection is checked again.

    What is said of a name must not tell which names there are inside the operator's network: one that does not exist
    and one that leads inside get the same answer, after the same time.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=URL_MAX, trim_whitespace=False, **kwargs)

    def accepts(self) -> dict[str, Any]:
        """Returns the JSON Schema of its values."""
        pattern = url_pattern(allow_private=settings.ENV.webhook_allow_private)
        return {"type": "string", "format": "uri", "maxLength": URL_MAX, "pattern": pattern}

    def run_validation(self, data: Any = serializers.empty) -> Any:
        """Skips CharField's own coercion of numbers to text."""
        if data is not serializers.empty and not isinstance(data, str):
            raise serializers.ValidationError("Not a string.")
        return super().run_validation(data)

    def to_internal_value(self, data: Any) -> str:
        """Returns the address as it was sent."""
        try:
            target = check_url(data, allow_private=settings.ENV.webhook_allow_private)
        except BadUrl as problem:
            raise serializers.ValidationError(str(problem)) from problem
        answered_at = time.monotonic() + LOOK_UP_SECONDS
        if not _may_be_called(target):
            _wait_until(answered_at)
            raise serializers.ValidationError(NOT_PUBLIC)
        return str(data)


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def _may_be_called(target: Target) -> bool:
    allow_private, denied = settings.ENV.webhook_allow_private, settings.ENV.webhook_deny
    if allow_private and not denied:
        return True
    found = addresses(target)
    # Where private receivers are allowed a name may be one that comes up later.
    allowed = (is_allowed(address, allow_private=allow_private, denied=denied) for address in found)
    return all(allowed) and (bool(found) or allow_private)


def addresses(target: Target) -> list[str]:
    """Looks up every address of the target's name; none if the name servers do not answer in time."""
    answer: Future[list[str]] = Future()
    # A daemon: a name server that hangs must not keep the process from stopping.
    threading.Thread(target=_look_up, args=(target, answer), daemon=True).start()
    try:
        return answer.result(LOOK_UP_SECONDS)
    except (OSError, UnicodeError, TooLate):
        return []


def _look_up(target: Target, answer: Future[list[str]]) -> None:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        answer.set_result([str(address[0]) for *_, address in found])
    except Exception as problem:
        answer.set_exception(problem)


class WebhookInput(serializers.Serializer[Any]):
    """The body of `POST /webhooks`."""

    # Its context must have `organizer`.

    url = WebhookUrlField(help_text="https:// or http://, at a public address.")
    event_types = serializers.ListField(
        child=ChoiceField(choices=[kind.value for kind in MessageType]),
        allow_empty=False,
        min_length=1,
        max_length=50,
        error_messages={"not_a_list": "This must be a list."},
    )
    event_id = WholeNumberField(
        required=False,
        allow_null=True,
        min_value=1,
        help_text="One of the organizer's own events; null or absent: all of them.",
    )

    def validate_event_types(self, value: list[str]) -> list[str]:
        """Returns each once, in the contract's order."""
        return [kind.value for kind in MessageType if kind.value in value]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Turns `event_id` into the event."""
        if "event_id" not in attrs:
            return attrs
        number = attrs.pop("event_id")
        return {**attrs, "event": None if number is None else self._event(number)}

    def _event(self, number: int) -> Event:
        fits = 0 < number < 2**63
        event = fits and queries.own_event(event_id=number, organizer_id=self.context["organizer"].pk)
        if not event:
            raise serializers.ValidationError({"event_id": ["There is no such event."]})
        return event


class WebhookChanges(WebhookInput):
    """The body of `PATCH /webhooks/{id}`: any of the fields."""

    enabled = FlagField(required=False, help_text="Switches it off, or on again; what waits meanwhile is sent then.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, partial=True, **kwargs)


class ReplayInput(serializers.Serializer[Any]):
    """The body of `POST /webhooks/{id}/replay`."""

    since = MomentField(help_text="Messages made at that time or later are sent once more.")
