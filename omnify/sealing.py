"""Sealing under the service's secrets."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.domain.sealing import Sealer


@cache
def sealer() -> Sealer:
    """Made once, since its keys never change."""
    return Sealer(settings.ENV.secret_key, *settings.ENV.secret_key_fallbacks)
