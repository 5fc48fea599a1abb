"""Organizers' tokens: finding valid ones, noting their use, and revoking them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from events.domain.scopes import Grant
from events.domain.times import to_ms
from events.domain.tokens import hash_token
from events.models import OrganizerToken

# The time of the last use is informative only: a write for each request would cost more than it is worth.
USED_STEP = timedelta(minutes=1)


def find_token(*, token: str | None = None, token_id: int | None = None) -> OrganizerToken | None:
    """Finds a valid token by its text or its row id, with its organizer, and notes its use.

    None if it is unknown, revoked or expired.
    """
    named = {"pk": token_id} if token is None else {"token_hash": hash_token(token)}
    now = timezone.now()
    found = _valid(now).select_related("organizer").filter(**named).first()
    if found is not None and (found.last_used_at is None or found.last_used_at <= now - USED_STEP):
        _note_use([found.pk], now)
    return found


def grants(token_hashes: Sequence[str]) -> dict[str, Grant]:
    """Finds the grants of valid tokens, by hash, and notes their use."""
    now = timezone.now()
    found = list(_valid(now).filter(token_hash__in=token_hashes))
    stale = [row.pk for row in found if row.last_used_at is None or row.last_used_at <= now - USED_STEP]
    if stale:
        _note_use(stale, now)
    return {
        row.token_hash: Grant(row.organizer_id, row.reach, to_ms(row.expires_at) if row.expires_at else 0)
        for row in found
    }


def own_tokens(*, organizer_id: int) -> QuerySet[OrganizerToken]:
    """Reads an organizer's tokens, newest first, including revoked and expired ones."""
    return OrganizerToken.objects.filter(organizer_id=organizer_id).order_by("-pk")


def revoke(tokens: QuerySet[OrganizerToken], *, now: datetime) -> list[OrganizerToken]:
    """Revokes those of `tokens` that are not revoked yet, and returns them. Takes effect with the next request.

    The door caches a token for up to half a minute (`omnify.loader`).
    """
    ended = list(tokens.filter(revoked_at=None).select_for_update().order_by("pk"))
    OrganizerToken.objects.filter(pk__in=[row.pk for row in ended]).update(revoked_at=now)
    return ended


def _valid(now: datetime) -> QuerySet[OrganizerToken]:
    return OrganizerToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def _note_use(token_ids: Sequence[int], now: datetime) -> None:
    # The statement repeats the condition, so that of many concurrent requests only one writes.
    used = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_STEP)
    OrganizerToken.objects.filter(used, pk__in=token_ids).update(last_used_at=now)
