"""The bodies of webhook messages: `{"type", "timestamp", "data"}`.

`data` is the ticket as in `GET /registrations/{ticket_id}`, without name and e-mail; for `event.…` it is the event as
in `GET /events/{id}`, without its description. A message is rendered from what was stored with the change, so every
attempt sends the same bytes.
"""

from __future__ import annotations

import re
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from events.domain.holds import ConfirmedBy
from events.domain.keyring import Keyring, Purpose, subkey
from events.domain.public.ticket import render_ticket
from events.domain.states import Reason, Status
from events.domain.times import iso

_encode = msgspec.json.Encoder().encode


class MessageType(StrEnum):
    """The types that can be subscribed to. Names are part of the public contract."""

    CONFIRMED = "registration.confirmed"
    HELD = "registration.held"
    WAITLISTED = "registration.waitlisted"
    REJECTED = "registration.rejected"
    EXPIRED = "registration.expired"
    CANCELLED = "registration.cancelled"
    CHECKED_IN = "registration.checked_in"
    UPDATED = "registration.updated"
    SOLD_OUT = "event.sold_out"
    EVENT_CHANGED = "event.changed"
    EVENT_CANCELLED = "event.cancelled"


# Sent by `POST /webhooks/{id}/test` only, whatever the webhook is subscribed to.
TEST_TYPE = "webhook.test"

TYPE_OF_STATUS: dict[Status, MessageType] = {
    Status.HELD: MessageType.HELD,
    Status.CONFIRMED: MessageType.CONFIRMED,
    Status.WAITLISTED: MessageType.WAITLISTED,
    Status.REJECTED: MessageType.REJECTED,
    Status.EXPIRED: MessageType.EXPIRED,
    Status.CANCELLED: MessageType.CANCELLED,
}
# About the event, not about one of its tickets.
EVENT_TYPES = (MessageType.SOLD_OUT, MessageType.EVENT_CHANGED, MessageType.EVENT_CANCELLED)
# About a ticket that stays what it is: checked in, a check-in undone, or corrected. It has a seat, unless a message
# about a correction names its position on the waitlist, or until when it is held.
CHECK_IN_TYPES = (MessageType.CHECKED_IN, MessageType.UPDATED)
_STATUS_OF_TYPE: dict[str, Status] = {type_.value: status for status, type_ in TYPE_OF_STATUS.items()} | {
    type_.value: Status.CONFIRMED for type_ in CHECK_IN_TYPES
}


def status_told(type_: str, *, waits: bool, held: bool) -> Status:
    """Returns the status of the ticket that a message of this type is about; `waits`: it names a position, `held`: it
    names the end of a hold."""
    if type_ == MessageType.UPDATED and (waits or held):
        return Status.WAITLISTED if waits else Status.HELD
    return _STATUS_OF_TYPE[type_]


class TicketChange(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a ticket, as it was stored. Times are in milliseconds since 1970."""

    type: str
    ticket_id: str
    event_id: int
    reason: str
    position: int | None
    sequence: int
    requested_ms: int
    decided_ms: int
    changed_ms: int
    checked_in_ms: int | None = None
    expires_ms: int | None = None
    check_in_code: str = ""
    quantity: int = 1
    type_id: int = 0
    partly_in: int | None = None
    confirmed_by: str = ""


def ticket_body(change: TicketChange) -> bytes:
    """Renders the body of a message about a ticket."""
    let_in = 0 if change.checked_in_ms is None else change.quantity
    ticket = render_ticket(
        change.ticket_id,
        change.event_id,
        status_told(change.type, waits=change.position is not None, held=change.expires_ms is not None),
        reason=Reason(change.reason) if change.reason else None,
        position=change.position,
        sequence=change.sequence,
        requested_ms=change.requested_ms,
        decided_ms=change.decided_ms,
        check_in_code=change.check_in_code or None,
        checked_in_ms=change.checked_in_ms,
        expires_ms=change.expires_ms,
        quantity=change.quantity,
        type_id=change.type_id,
        checked_in_quantity=let_in if change.partly_in is None else change.partly_in,
        confirmed_by=ConfirmedBy(change.confirmed_by) if change.confirmed_by else None,
    )
    return _encode({"type": change.type, "timestamp": iso(change.changed_ms), "data": ticket})


def other_body(*, type_: str, changed_ms: int, data: str) -> bytes:
    """Renders the body of any other message. `data` is JSON."""
    return _encode({"type": type_, "timestamp": iso(changed_ms), "data": msgspec.Raw(data.encode())})


def encode_data(data: Any) -> str:
    """Encodes `data` as it is stored."""
    return _encode(data).decode()


class LoggedAt(NamedTuple):
    """Where a message stands in the event log: in which batch, and which of its messages it is, from 0."""

    batch: int
    number: int


def logged_at(batch: int | None, index: int | None) -> LoggedAt | None:
    """Makes one of what a delivery's row has; None if its message is in no log."""
    return None if batch is None or index is None else LoggedAt(batch, index)


# A message that stands in the event log, whichever subscriptions and callbacks it goes to.
_LOGGED_ID = re.compile(r"msg_([1-9][0-9]{0,17})_(0|[1-9][0-9]{0,8})_([0-9a-f]{8})")


class MessageIds:
    """Makes message ids: `msg_<batch>_<number>_<8 characters>`, these from the secret that the message's mark names.

    Without it, two installations would send the same ids to one receiver, which would ignore the second message.
    A message that is in no log has `msg_<delivery id>_<8 characters>`.
    """

    __slots__ = ("_keys",)

    def __init__(self, secret: str, *older: str) -> None:
        self._keys = Keyring(lambda one: subkey(one, Purpose.MESSAGE_IDS), (secret, *older))

    def of(self, delivery_id: int, mark: str = "", *, logged: LoggedAt | None = None) -> str:
        """Returns the `webhook-id` of a delivery with this mark: the same for every attempt."""
        return self._made(b"%d_%d" % logged if logged else b"%d" % delivery_id, self._keys.under(mark))

    def logged(self, at: LoggedAt, mark: str = "") -> str:
        """Returns the id of a message in the event log: the `webhook-id` of all of its deliveries."""
        return self._made(b"%d_%d" % at, self._keys.under(mark))

    def find(self, message_id: str) -> LoggedAt | None:
        """Reads where a message of the event log stands; None if one of our secrets did not make this id."""
        found = _LOGGED_ID.fullmatch(message_id)
        if found is None:
            return None
        at = LoggedAt(int(found[1]), int(found[2]))
        return at if any(self._made(b"%d_%d" % at, key) == message_id for key in self._keys) else None

    @staticmethod
    def _made(name: bytes, key: bytes) -> str:
        return f"msg_{name.decode()}_{blake2b(name, digest_size=4, key=key).hexdigest()}"
