"""The service's ticket ids and message ids, under its one secret."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.domain.tickets import Tickets
from events.domain.webhook_message import MessageIds


@cache
def tickets() -> Tickets:
    """Made once: deriving its keys costs more than using them."""
    return Tickets(settings.ENV.secret_key)


@cache
def message_ids() -> MessageIds:
    """The ids of webhook messages."""
    return MessageIds(settings.ENV.secret_key)
