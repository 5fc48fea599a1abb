"""How far an organizer's token reaches.

full        everything that is the organizer's
read        reads all of it but secrets (tokens, addresses of webhooks) and ticket ids
check-in    one event, or all: check-ins, the event, and of its guests what an entrance needs

A method of a view says which scopes reach it; one that says nothing is for `full` alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    """What a token was made for."""

    FULL = "full"
    READ = "read"
    CHECK_IN = "check-in"


Scopes = frozenset[Scope]

ANYONE: Scopes = frozenset()  # no token is needed
ONLY_FULL: Scopes = frozenset({Scope.FULL})
READERS: Scopes = frozenset({Scope.FULL, Scope.READ})
ENTRANCE: Scopes = frozenset({Scope.FULL, Scope.CHECK_IN})
ANY_TOKEN: Scopes = frozenset(Scope)

# What a guest's row keeps for each scope; None: all of it.
_GUEST_FIELDS: dict[Scope, frozenset[str] | None] = {
    Scope.FULL: None,
    Scope.READ: None,
    # Of a group only some may be in: without their number an entrance takes the rest for checked in.
    Scope.CHECK_IN: frozenset({"reference", "name", "quantity", "ticket_type", "checked_in_at", "checked_in_quantity"}),
}
_KEY = "ticket_id"


class Grant(NamedTuple):
    """What a valid token grants, as the door knows it. `expires_ms` is 0 for one without an end."""

    organizer_id: int
    scope: Scope
    expires_ms: int


def without_keys(data: dict[str, object], scope: Scope) -> dict[str, object]:
    """Removes ticket ids from `data` unless the scope is `full`: a ticket's id is all that is needed to cancel it."""
    return data if scope is Scope.FULL else {name: value for name, value in data.items() if name != _KEY}


def guest_fields(data: dict[str, object], scope: Scope) -> dict[str, object]:
    """Picks the fields of a guest's row that a token of this scope may see."""
    allowed = _GUEST_FIELDS[scope]
    if allowed is not None:
        return {name: value for name, value in data.items() if name in allowed}
    return without_keys(data, scope)
