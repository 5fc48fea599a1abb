"""Authenticates organizers by `Authorization: Bearer <token>`. Reading and registering need no token."""

from __future__ import annotations

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from events.domain.tokens import NO_TOKEN, bearer_token
from events.ledger.tokens import find_token
from events.models import Organizer, OrganizerToken


class OrganizerTokenAuthentication(BaseAuthentication):
    """Sets `request.user` to the organizer, `request.auth` to the token. An invalid token is a 401 on every route."""

    def authenticate(self, request: Request) -> tuple[Organizer, OrganizerToken] | None:
        """Finds the token; None without one, since permissions decide whether one is needed."""
        token = bearer_token(request.headers.get("Authorization", ""))
        if token is None:
            return None
        found = find_token(token=token)
        if found is None:
            raise AuthenticationFailed(NO_TOKEN)
        return found.organizer, found

    def authenticate_header(self, request: Request) -> str:
        """Tells DRF that a missing token is 401, not 403."""
        return "Bearer"
