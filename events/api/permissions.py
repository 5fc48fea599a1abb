"""Checks that the token of a request reaches the view.

Apart from the views because DRF's settings name this module while DRF itself is still being imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from events.api.refusals import out_of_reach
from events.domain.scopes import ONLY_FULL, Scopes

if TYPE_CHECKING:
    from rest_framework.views import APIView

    from events.models import OrganizerToken


class ScopeReaches(BasePermission):
    """Allows the scopes that the view's `scopes` give for the method; `full` alone for a method not named there."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tells whether a token is there where one is needed. Raises Refusal if its scope does not reach."""
        needed = scopes_of(view, request.method or "")
        # A method that the view does not have is a 405, with and without a token.
        if not needed or request.method not in view.allowed_methods:
            return True
        token: Any = request.auth
        if token is None:
            return False
        if token.reach not in needed:
            raise out_of_reach(f"A token with the scope {token.scope} does not reach this.")
        if token.event_id is not None and not getattr(view, "narrows", False):
            require_event(request, view.kwargs.get("event_id"))
        return True


def scopes_of(view: type[APIView] | APIView, method: str) -> Scopes:
    """Returns the scopes that reach this method of a view; none means that no token is needed."""
    declared: Mapping[str, Scopes] = getattr(view, "scopes", {})
    return declared.get("GET" if method == "HEAD" else method, ONLY_FULL)


def token_of(request: Request) -> OrganizerToken:
    """Returns the request's token, or the one that its session was begun with."""
    token: Any = request.auth
    assert token is not None, "the view's scopes ask for a token"
    return cast("OrganizerToken", token)


def require_event(request: Request, event_id: int | None) -> None:
    """Refuses a token that is for another event."""
    own = token_of(request).event_id
    if own is not None and event_id != own:
        raise out_of_reach(f"This token is for the event {own} alone.")
