"""Organizers show `Authorization: Bearer <token>`. Everybody else is nobody, which is enough to read and register."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from events.domain.tokens import bearer_token
from events.ledger import queries
from events.models import Organizer


class OrganizerTokenAuthentication(BaseAuthentication):
    """Sets `request.user` to the organizer of the token; a token that does not count is a 401, on any route."""

    def authenticate(self, request: Request) -> tuple[Organizer, None] | None:
        """None without a bearer token: whether that is enough is the permission's business."""
        token = bearer_token(request.headers.get("Authorization", ""))
        if token is None:
            return None
        organizer = queries.organizer_of_token(token=token)
        if organizer is None:
            raise AuthenticationFailed("This token is unknown or has been revoked.")
        return organizer, None

    def authenticate_header(self, request: Request) -> str:
        """Tells DRF that a missing token is 401, not 403."""
        return "Bearer"
