"""Who may have a `callback_url`, and where it may lead."""

from __future__ import annotations

from events.domain.webhooks.url import check_url


class ScopeTooSmall(Exception):
    """The token's scope does not allow the request. The message is for people."""


def no_callback(url: str) -> str:
    """Refuses a `callback_url` without a token. Raises ValueError."""
    raise ValueError("Only an organizer can have one: show a token.")


def scoped_callback(url: str) -> str:
    """Refuses a `callback_url` with a token of another scope than `full`. Raises ScopeTooSmall."""
    raise ScopeTooSmall("A callback_url needs an organizer's token with the scope full.")


def own_callback(url: str) -> str:
    """Accepts a `callback_url` whose host is not obviously private. Raises ValueError."""
    check_url(url, allow_private=False)
    return url


def any_callback(url: str) -> str:
    """Accepts any well-formed `callback_url`, also at a private address. Raises ValueError."""
    check_url(url, allow_private=True)
    return url
