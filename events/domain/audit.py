"""Entries of the audit trail: who did what to which object, and from where. No attendee's data, and no secret.

An entry has an actor, an action and an object. The object is a type and an id, or a ticket's reference; never a name.
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
    EVENT_DELETED = "event_deleted"
    EVENT_PAUSED = "event_paused"
    EVENT_RESUMED = "event_resumed"
    CODES_CREATED = "codes_created"
    CODE_REVOKED = "code_revoked"
    ATTENDEES_EXPORTED = "attendees_exported"
    GUEST_ADDED = "guest_added"
    TICKET_CANCELLED = "ticket_cancelled"
    TICKET_CORRECTED = "ticket_corrected"
    TICKET_MAILED = "ticket_mailed"
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
    LOG_HANDED_OVER = "log_handed_over"  # a decision log, to another key
    LOG_BROKEN_OFF = "log_broken_off"  # and begun under a new name
    ADDED = "added"  # in the admin's pages, where no other action fits
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


# Of what an organizer finds entries.
OBJECT_TYPES = ("ticket", "event", "access code", "token", "webhook", "organizer")
OBJECT_ID_MAX = 64


class AuditObject(NamedTuple):
    """The object of an action. `organizer_id` is its owner, who can read the entry."""

    type: str
    id: str
    organizer_id: int | None = None


# Failed sign-ins are recorded, but must not flood the trail: of those in one minute and slot only the first is kept. So
# an attack leaves at most this many entries a minute, however many addresses it comes from.
FAILURE_SLOTS = 10


def failure_slot(*, where: str, address: str, now_seconds: float) -> str:
    """Returns the key under which a failed sign-in is kept once: the minute, and a hash of page and address."""
    slot = zlib.crc32(f"{where} {address}".encode()) % FAILURE_SLOTS
    return f"{int(now_seconds // 60)}:{slot}"
