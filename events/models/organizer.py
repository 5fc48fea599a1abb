"""Organizers and the tokens they show. Only a token's hash is stored."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.domain.scopes import Scope
from events.domain.tokens import hash_token
from events.models.fields import LineField

TOKEN_PREFIX = "omn_"  # noqa: S105 - a prefix that secret scanners can look for, not a secret
LABEL_MAX = 100


class Organizer(models.Model):
    """An organizer, who creates events and reads the attendees of their own."""

    name = LineField(unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def is_authenticated(self) -> bool:
        """Required by DRF of a request's user."""
        return True


class OrganizerToken(models.Model):
    """A bearer token. Revoked by setting `revoked_at`; never stored in clear.

    `event` narrows a check-in token to one event; `last_used_at` is up to a minute late.
    """

    organizer = models.ForeignKey(Organizer, on_delete=models.CASCADE, related_name="tokens")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(max_length=LABEL_MAX, blank=True, db_default="")
    scope = models.CharField(
        max_length=10, choices=[(scope.value, scope.value) for scope in Scope], db_default=Scope.FULL.value
    )
    event = models.ForeignKey("Event", on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # Nothing else asks whether a token is for one event only.
            models.CheckConstraint(
                condition=Q(event=None) | Q(scope=Scope.CHECK_IN.value), name="token_of_an_event_is_for_check_ins"
            )
        ]

    def __str__(self) -> str:
        return f"token {self.pk} of {self.organizer_id}"

    @property
    def reach(self) -> Scope:
        """Its scope."""
        return Scope(self.scope)

    @classmethod
    def issue(
        cls,
        organizer: Organizer,
        *,
        scope: Scope = Scope.FULL,
        label: str = "",
        event_id: int | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Makes a token for `organizer` and returns it in clear, the only time it can be seen."""
        return cls.issue_row(organizer, scope=scope, label=label, event_id=event_id, expires_at=expires_at)[1]

    @classmethod
    def issue_row(
        cls, organizer: Organizer, *, scope: Scope, label: str, event_id: int | None, expires_at: datetime | None
    ) -> tuple[OrganizerToken, str]:
        """Makes a token, and returns it with its row."""
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        row = cls.objects.create(
            organizer=organizer,
            token_hash=hash_token(token),
            scope=scope.value,
            label=label,
            event_id=event_id,
            expires_at=expires_at,
        )
        return row, token
