"""The service's ticket ids, under its one secret."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.domain.tickets import Tickets


@cache
def tickets() -> Tickets:
    """Made once: deriving its keys costs more than using them."""
    return Tickets(settings.ENV.secret_key)
