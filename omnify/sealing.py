"""Sealing under the service's one secret."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.domain.sealing import Sealer


@cache
def sealer() -> Sealer:
    """Made once, since its key never changes."""
    return Sealer(settings.ENV.secret_key)
