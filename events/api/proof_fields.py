"""Validates whether addresses can be proved beside what else an event wants."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from rest_framework import serializers

from events.domain.holds import AppliesTo, ConfirmedBy
from events.models import Event

_DRAW = "Addresses are not proved where seats are drawn: an unproved entry would block its address until the draw."
NO_MAIL = "Addresses are proved by mail, so the event needs `mail`."
_NOT_SENT = "Addresses are proved by mail, and this service sends none: EMAIL_URL is off."
_PAID_WAITLIST = "Where addresses are proved, a hold that you confirm applies to all seats."


def check_proofs(attrs: dict[str, Any], event: Event | None) -> dict[str, Any]:
    """Returns the columns of an event unchanged. Raises ValidationError where its addresses cannot be proved so."""
    if _wanted(attrs, event, "verify_email"):
        if _wanted(attrs, event, "draw_at"):
            raise serializers.ValidationError({"verify_email": [_DRAW]})
        if not _wanted(attrs, event, "mail"):
            raise serializers.ValidationError({"verify_email": [NO_MAIL]})
        if attrs.get("verify_email") and not settings.ENV.sends_mail:
            raise serializers.ValidationError({"verify_email": [_NOT_SENT]})
        paid = _wanted(attrs, event, "hold_confirmed_by") == ConfirmedBy.ORGANIZER
        if paid and _wanted(attrs, event, "hold_applies_to") == AppliesTo.WAITLIST:
            raise serializers.ValidationError({"hold": [_PAID_WAITLIST]})
    return attrs


def _wanted(attrs: dict[str, Any], event: Event | None, name: str) -> Any:
    return attrs.get(name, getattr(event or Event(), name))
