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

from events.domain.audit import Action
from events.ledger.tokens import find_token
from events.models import OrganizerToken
from events.services.audit import record_failed_sign_in, trail_of_token
from events.services.session_store import CONSOLE, begin_session
from events.services.sign_in_limit import SignInAttempt

_TOKEN_ID = "organizer_token"  # noqa: S105 - the name under which the session keeps a row id


def sign_in(request: HttpRequest, *, token: str) -> OrganizerToken | None:
    """Starts a session with a token, and returns the token; None if it is not valid.

    Raises:
        TooManySignIns: this address has tried too often. A token names no account, so there is no limit for each.
    """
    attempt = SignInAttempt(request, where="console")
    attempt.begin()
    found = find_token(token=token)
    if found is None:
        record_failed_sign_in(request, where="console")
        return None
    attempt.worked()
    # Always a new session: one that an attacker planted in the browser would otherwise be signed in too.
    request.session.flush()
    request.session[_TOKEN_ID] = found.pk
    begin_session(request, CONSOLE)
    rotate_token(request)
    trail_of_token(request, found).record(Action.SIGNED_IN, found)
    return found


def sign_out(request: HttpRequest) -> None:
    """Ends the session and removes its row."""
    found = signed_in(request)
    if found is not None:
        trail_of_token(request, found).record(Action.SIGNED_OUT, found)
    request.session.flush()


def signed_in(request: HttpRequest) -> OrganizerToken | None:
    """Returns the token that this session was begun with; None without a session, and once the token is not valid."""
    # Without the cookie the session is left alone: looking into it would make the answer vary by cookie.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    token_id = request.session.get(_TOKEN_ID)
    return None if token_id is None else find_token(token_id=token_id)


class OrganizerSessionAuthentication(SessionAuthentication):
    """Authenticates by the session's token, if there is no bearer token."""

    def authenticate(self, request: Request) -> tuple[Any, OrganizerToken] | None:
        """Finds the session's token; None without a session.

        Raises:
            PermissionDenied: a changing request without the CSRF token.
        """
        token = signed_in(request._request)
        if token is None:
            return None
        self.enforce_csrf(request)
        return token.organizer, token
