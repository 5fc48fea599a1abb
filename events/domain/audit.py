"""What the audit trail says: who did what to which thing, and from where. No guest's data, and no secret.

An act has an actor, an action and an object. The object is a type and an id, or a ticket's reference; never a name.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class ActorKind(StrEnum):
    """Who acts."""

    ORGANIZER = "organizer"  # with a token, which is named
    ADMIN = "admin"  # a user of the admin's pages, who is named
    OPERATOR = "operator"  # a command on the service's machine
    SERVICE = "service"  # the service itself, such as its retention
    UNKNOWN = "unknown"  # a sign-in that failed


class Action(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    ORGANIZER_CREATED = "organizer_created"
    TOKEN_CREATED = "token_created"  # noqa: S105 - an action
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - an action
    EVENT_CREATED = "event_created"
    EVENT_CHANGED = "event_changed"
    EVENT_CANCELLED = "event_cancelled"
    ATTENDEES_EXPORTED = "attendees_exported"
    CHECKED_IN = "checked_in"
    CHECK_IN_UNDONE = "check_in_undone"
    WEBHOOK_CREATED = "webhook_created"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_DELETED = "webhook_deleted"
    WEBHOOK_SECRET_CREATED = "webhook_secret_created"  # noqa: S105 - an action
    WEBHOOK_TESTED = "webhook_tested"
    WEBHOOK_REPLAYED = "webhook_replayed"
    PEOPLE_FORGOTTEN = "people_forgotten"
    PERSON_EXPORTED = "person_exported"
    SECRETS_RESEALED = "secrets_resealed"
    ADDED = "added"  # in the admin's pages, whatever has no action of its own
    CHANGED = "changed"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts. `address` is the client's as `TRUSTED_PROXIES` tells, empty for a command."""

    kind: ActorKind
    organizer_id: int | None = None
    token_id: int | None = None
    admin_id: int | None = None
    address: str = ""


class AuditObject(NamedTuple):
    """What an act was done to. `organizer_id` is the organizer whose it is, and who sees the entry."""

    type: str
    id: str
    organizer_id: int | None = None


# Failed sign-ins are written down, but nobody may fill the trail with them: of those that share a minute and one of
# these slots the first is kept. An attack from everywhere at once leaves so many entries a minute, and no more.
FAILURE_SLOTS = 10


def failure_slot(*, where: str, address: str, now_seconds: float) -> str:
    """What failed sign-ins of one minute and place, from one address or another with the same slot, have in common."""
    slot = zlib.crc32(f"{where} {address}".encode()) % FAILURE_SLOTS
    return f"{int(now_seconds // 60)}:{slot}"
