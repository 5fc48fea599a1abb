"""`manage.py check --database default`: whether decisions survive the promotion of a standby."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import DatabaseError, InterfaceError

from events.ledger.durability import durability_problems


@register(Tags.database)
def check_durability(app_configs: Any, databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Warns of each setting under which a reported decision could be lost. Silent where there is no database."""
    if "default" not in (databases or ()):
        return []
    try:
        problems = durability_problems(standby_expected=settings.STANDBY_EXPECTED)
    except (DatabaseError, InterfaceError):
        return []
    return [Warning(problem, id="omnify.W001") for problem in problems]
