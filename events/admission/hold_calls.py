"""Calls of `lua/confirm.lua` and `lua/expire.lua`. See `calls`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from events.admission import scripts
from events.admission.calls import Call, encode
from events.admission.keys import EventKeys


class ConfirmRequest(NamedTuple):
    """A held ticket to be confirmed, with a digest of the payment reference and the entry's payload.

    `organizer_id` is who confirms it, 0 for its holder. The next two are for a ticket that Redis does not know: until
    when (ms) the ledger says it is held, and the letter that says who may confirm it (`fields`). `address` is the
    digest of the e-mail that is proved, empty for any other confirmation.
    """

    key: str
    reference: str
    payload: str
    organizer_id: int = 0
    until_in_ledger: int = 0
    confirmed_by_in_ledger: str = ""
    address: str = ""


class DueHold(NamedTuple):
    """A hold that is over: its ticket, and until when (ms) it was held."""

    key: str
    until_ms: int


def confirm(
    keys: EventKeys, *, confirmations: Sequence[ConfirmRequest], state_ttl: int, wake_ttl: int, deadline: int
) -> Call:
    """Takes confirmations in."""
    names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.wake)
    return Call(scripts.CONFIRM, names, (encode(confirmations), state_ttl, wake_ttl, deadline))


def expire(keys: EventKeys, *, holds: Sequence[DueHold], state_ttl: int, wake_ttl: int) -> Call:
    """Puts expiries into the queue."""
    names = (keys.state, keys.queue, keys.pending, keys.wake)
    return Call(scripts.EXPIRE, names, (encode([part for hold in holds for part in hold]), state_ttl, wake_ttl))
