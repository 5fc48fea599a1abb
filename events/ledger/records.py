"""Rows on their way to the database, many at once: a document for PostgreSQL is a JSON array of one of these structs.

Fields are named as the columns are; times in `_ms` are milliseconds since 1970, UTC. Fields at their default are left
out of the document, and the statement fills them in: what most rows have alike should be a default, since a document
of 60 % of the bytes is read in 60 % of the time. Structs cost less than dicts with one-letter keys.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import IntegrityError

from events.domain.states import Status


class RowsExist(IntegrityError):
    """A unique index has one of the rows already; nothing was written."""


class RegistrationRecord(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """A newly decided ticket. Without an `email_key`, it is the e-mail as it was typed."""

    ticket_key: str
    name: str
    email: str
    sequence: int
    requested_ms: int
    email_key: str | None = None
    status: Status = Status.CONFIRMED
    revision: int = 1
    search_key: str | None = None
    reason: str = ""
    callback_url: str = ""
    callback_organizer_id: int | None = None
    mark: str = ""


class SeatsRecord(RegistrationRecord, omit_defaults=True, kw_only=True, gc=False):
    """The same of a group, with a ticket type, an access code or a language, or held until a time."""

    quantity: int = 1
    ticket_type_id: int | None = None
    access_code_id: int | None = None
    expires_ms: int | None = None
    hold_confirmed_by: str = ""
    language: str = ""


class MoveRecord(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A later status of a ticket that has a row."""

    ticket_key: str
    status: str
    revision: int
    reason: str = ""
    expires_ms: int | None = None
    hold_confirmed_by: str | None = None
    payment_reference: str | None = None
    turn: int | None = None


class CodeUseRecord(msgspec.Struct, omit_defaults=True, kw_only=True):
    """How many seats more (or fewer) the tickets of an access code have."""

    id: int
    seats: int


class LogChunk(NamedTuple):
    """A batch of a decision log: in the order of the statements that write it (`events.ledger.decision_log.sql`)."""

    log_id: int
    first_index: int
    behind_index: int
    last_sequence: int
    entries: bytes
    tile_hashes: bytes


class MessageRecord(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A change of a ticket that webhooks may be told of.

    `number` counts the changes of a transaction; `url` is the ticket's callback, and `route` names the callback's
    server and organizer.
    """

    number: int
    type: str
    ticket_key: str
    sequence: int
    revision: int
    requested_ms: int
    decided_ms: int
    checked_in_ms: int | None = None
    expires_ms: int | None = None
    reason: str = ""
    position: int | None = None
    url: str = ""
    route: str | None = None
    mark: str = ""
    quantity: int = 1
    type_id: int | None = None
    partly_in: int | None = None
    hold_confirmed_by: str | None = None


class MailRecord(msgspec.Struct, omit_defaults=True, kw_only=True, gc=False):
    """A mail about a ticket. `data` is what its text needs and the ticket does not say."""

    ticket_key: str
    kind: str = "confirmed"
    revision: int = 1
    position: int | None = None
    data: dict[str, Any] | None = None


class MailResult(msgspec.Struct, omit_defaults=True, kw_only=True):
    """What came of a mail. `counted` is 1 if it was tried; `next_attempt_at` is None where none follows. `status` is
    what the mail server answered, its text left out: that may quote the address."""

    mail_id: int
    state: str
    claimed_until: datetime
    counted: int
    next_attempt_at: datetime | None = None
    at: datetime | None = None
    status: str = ""
    error: str = ""


class Subscriber(msgspec.Struct, omit_defaults=True, frozen=True):
    """An endpoint that gets messages of one type. With a `route` (for callbacks) only messages of the same route.

    `log_batch` is the batch of the event log that the messages stand in, each at its number.
    """

    webhook_id: int
    endpoint_id: int
    type: str
    route: str | None = None
    log_batch: int | None = None


class AttemptRecord(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The result of one attempt to deliver a message. `next_attempt_at` is None where none follows."""

    delivery_id: int
    state: str
    claimed_until: datetime
    step: int
    started_at: datetime
    next_attempt_at: datetime | None = None
    status_code: int | None = None
    error: str = ""
