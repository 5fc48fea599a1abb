"""An organizer's session in a browser: signed in with a token, ended by hand, by time, or by revoking the token.

The session holds the token's row id, never the token. Every request looks the row up, so a revoked token ends the
session at once. A browser sends its cookie by itself, so what changes something must also carry Django's CSRF token.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import rotate_token
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request

from events.ledger import queries
from events.models import Organizer

SESSION_SECONDS = 12 * 3600
_TOKEN_ID = "organizer_token"  # noqa: S105 - the name under which the session keeps a row id


def sign_in(request: HttpRequest, *, token: str) -> Organizer | None:
    """Starts a session for the token's organizer; None if the token does not count."""
    found = queries.valid_token(token=token)
    if found is None:
        return None
    # A new session, whatever the browser had: one that somebody planted there would otherwise be theirs too.
    request.session.flush()
    # Signing in is rare, and so the time to remove what ended by itself.
    request.session.clear_expired()
    request.session[_TOKEN_ID] = found.pk
    request.session.set_expiry(SESSION_SECONDS)
    rotate_token(request)
    return found.organizer


def sign_out(request: HttpRequest) -> None:
    """Ends the session and removes its row."""
    request.session.flush()


def signed_in(request: HttpRequest) -> Organizer | None:
    """Whose session this is; None without one, and once its token is revoked."""
    # Without the cookie the session is left alone: looking into it would make the answer vary by cookie.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    token_id = request.session.get(_TOKEN_ID)
    found = None if token_id is None else queries.valid_token(token_id=token_id)
    return None if found is None else found.organizer


class OrganizerSessionAuthentication(SessionAuthentication):
    """Sets `request.user` to the organizer whose session it is; comes after the bearer token."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """None without a session. Raises PermissionDenied for a changing request without the CSRF token."""
        organizer = signed_in(request._request)
        if organizer is None:
            return None
        self.enforce_csrf(request)
        return organizer, None
