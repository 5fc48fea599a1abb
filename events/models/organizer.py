"""Organizers and the tokens they show. Only a token's hash is stored."""

from __future__ import annotations

import secrets

from django.db import models
from django.utils import timezone

from events.domain.tokens import hash_token
from events.models.fields import LineField

TOKEN_PREFIX = "omn_"  # noqa: S105 - a prefix that secret scanners can look for, not a secret


class Organizer(models.Model):
    """Somebody who creates events and reads the attendees of their own."""

    name = LineField(unique=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return self.name

    @property
    def is_authenticated(self) -> bool:
        """What DRF asks of whoever stands behind a request."""
        return True


class OrganizerToken(models.Model):
    """A bearer token. Revoked by setting `revoked_at`; never stored in clear."""

    organizer = models.ForeignKey(Organizer, on_delete=models.CASCADE, related_name="tokens")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token {self.pk} of {self.organizer_id}"

    @classmethod
    def issue(cls, organizer: Organizer) -> str:
        """Makes a token for `organizer` and returns it in clear, the only time anybody can see it."""
        token = TOKEN_PREFIX + secrets.token_urlsafe(32)
        cls.objects.create(organizer=organizer, token_hash=hash_token(token))
        return token
