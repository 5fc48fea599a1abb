"""Calls of the Lua scripts: every argument by the name that it has in its script.

`lua/<name>.lua` documents the keys, the arguments and the reply. A function here takes the event's
`keys`, and then what the script takes, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct
from time import time
from typing import Any, NamedTuple

import msgspec

from events.admission import scripts
from events.admission.fields import TICKET
from events.admission.keys import EventKeys, newest_first
from events.admission.requests import AdmissionRequest, pack_requests
from events.admission.scripts import Argument, Script

encode = msgspec.msgpack.Encoder().encode
pack_settings = Struct(">11d").pack  # as `lua/admit.lua` unpacks them

Row = Sequence[str | bytes | int]  # field, value, field, value, ...
Codes = Sequence[tuple[str, str]]  # digest of an access code, and what `lua/codes.lua` reads of it


class AddedGuest(NamedTuple):
    """A guest whom an organizer adds. `digests` are the e-mail's under the current secret and older ones; `seats` and
    `added` are what its entry says of them (`entry`)."""

    key: str
    digests: Sequence[str]
    payload: str
    seats: str
    added: str


class CancelRequest(NamedTuple):
    """A ticket to be given back; `held_in_ledger` if the ledger is known to hold a seat or a position for it.

    `exempt`: the event's `cancel_until` does not bind it, whatever Redis knows of the ticket. So it is with what the
    organizer takes back.
    """

    key: str
    held_in_ledger: bool
    exempt: bool = False
    by_organizer: bool = False


class UnfoundedOutcome(NamedTuple):
    """A published outcome that the ledger lacks, as it was read. `lost_sequence` is 0 if its ticket is not lost."""

    key: str
    email_digest: str
    text: str
    lost_sequence: int


class Call(NamedTuple):
    """A script with its keys and arguments. Both methods raise redis.exceptions.RedisError."""

    script: Script
    keys: Sequence[str]
    args: Sequence[Argument]

    def run(self, client: scripts.Redis) -> Any:
        """Runs the script on a blocking client, and returns its reply."""
        return self.script.call(client, self.keys, *self.args)

    async def run_async(self, client: scripts.AsyncRedis) -> Any:
        """Runs the script on the event loop's client, and returns its reply."""
        return await self.script.call_async(client, self.keys, *self.args)


def admit(
    keys: Sequence[EventKeys],
    *,
    queue_limit: int,
    state_ttl: int,
    wake_ttl: int,
    rates_ttl: int,
    keys_ttl: int,
    deadline: int,
    address_quota: int,
    address_window: int,
    addresses_max: int,
    refusal_quota: int,
    refusal_window: int,
    batches: Sequence[Sequence[AdmissionRequest]],
) -> Call:
    """Takes registrations in, a batch for each of several events, whose keys are on one server."""
    settings = pack_settings(
        *(queue_limit, state_ttl, wake_ttl, rates_ttl, keys_ttl, deadline),
        *(address_quota, address_window, addresses_max, refusal_quota, refusal_window),
    )
    names = [name for each in keys for name in each.of_admission]
    return Call(scripts.ADMIT, names, (settings, b"".join(map(pack_requests, batches))))


def add_guest(keys: EventKeys, *, guest: AddedGuest, state_ttl: int, wake_ttl: int) -> Call:
    """Takes a guest in whom an organizer adds."""
    names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.wake)
    return Call(scripts.ADD_GUEST, names, (encode(guest), state_ttl, wake_ttl))


def cancel(
    keys: EventKeys, *, cancellations: Sequence[CancelRequest], state_ttl: int, wake_ttl: int, deadline: int
) -> Call:
    """Takes cancellations in."""
    names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.wake)
    return Call(scripts.CANCEL, names, (encode(cancellations), state_ttl, wake_ttl, deadline))


def status(keys: EventKeys, *, tickets: Sequence[str]) -> Call:
    """Reads the status of tickets."""
    names = (keys.state, keys.queue, keys.pending, *newest_first(keys.decided, time()), keys.waitlist)
    return Call(scripts.STATUS, names, (encode([TICKET + key for key in tickets]),))


def list_event(keys: Sequence[str], *, event_id: int, version: int, text: bytes, ttl: int) -> Call:
    """Notes what the list of public events has of one."""
    return Call(scripts.LIST_EVENT, keys, (event_id, version, text, ttl))


def read_event(keys: EventKeys) -> Call:
    """Reads an event's public state."""
    return Call(scripts.READ_EVENT, (keys.state, keys.page), ())


def put_event(
    keys: EventKeys, *, version: int, last_sequence: int, state_ttl: int, decided_ms: int, replaces: int, row: Row
) -> Call:
    """Puts a copy of an event's row."""
    arguments = (version, last_sequence, state_ttl, decided_ms, replaces, *row)
    return Call(scripts.PUT_EVENT, (keys.state, keys.queue, keys.codes), arguments)


def put_codes(keys: EventKeys, *, codes: Codes, complete: bool, codes_ttl: int) -> Call:
    """Puts access codes of an event."""
    return Call(scripts.PUT_CODES, (keys.codes,), (encode(codes), int(complete), codes_ttl))


def delete_event(keys: EventKeys, *, deleted_version: int, state_ttl: int) -> Call:
    """Closes the door on an event that no one has registered for."""
    tickets = (keys.pending, *keys.decided, keys.lost, keys.missing)
    others = sorted({*keys.all()} - {keys.state, keys.queue, *tickets})
    names = (keys.state, keys.queue, *tickets, *others)
    return Call(scripts.DELETE_EVENT, names, (deleted_version, state_ttl))


def idle(keys: EventKeys) -> Call:
    """Clears the wake flag of an empty queue."""
    return Call(scripts.IDLE, (keys.queue, keys.wake), ())


def renew(keys: EventKeys, *, token: str, lease_ttl: int, wake_ttl: int) -> Call:
    """Prolongs a lease."""
    return Call(scripts.RENEW, (keys.lease, keys.wake), (token, lease_ttl, wake_ttl))


def check_write(keys: str, *, ttl: int) -> Call:
    """Writes a small key that lives for `ttl` milliseconds, to see whether the server takes writes."""
    return Call(scripts.CHECK_WRITE, (keys,), (ttl,))


def release(keys: EventKeys, *, token: str) -> Call:
    """Gives a lease back."""
    return Call(scripts.RELEASE, (keys.lease,), (token,))


def mark_lost(keys: EventKeys, *, lost_ttl: int, channel: str, publish_command: str, fields: Sequence[bytes]) -> Call:
    """Moves lost tickets from pending and missing to lost."""
    names = (keys.queue, keys.pending, keys.lost, keys.missing)
    return Call(scripts.MARK_LOST, names, (lost_ttl, channel, publish_command, *fields))


def recover(keys: EventKeys, *, admitted: Sequence[tuple[str, int]], missing_ttl: int) -> Call:
    """Compares tickets that were admitted, with their sequences, with what the server has."""
    names = (keys.state, keys.queue, keys.pending, *keys.decided, keys.missing)
    return Call(scripts.RECOVER, names, (encode(admitted), missing_ttl))


def take_back(
    keys: EventKeys, *, lost_ttl: int, channel: str, publish_command: str, outcomes: Sequence[UnfoundedOutcome]
) -> Call:
    """Takes outcomes back that the ledger does not hold."""
    names = (*keys.decided, keys.waitlist, keys.lost)
    return Call(scripts.TAKE_BACK, names, (lost_ttl, channel, publish_command, encode(outcomes)))


def enqueue(keys: EventKeys, *, kind: str, key: str, payload: str, state_ttl: int, wake_ttl: int) -> Call:
    """Puts a command into the queue."""
    return Call(scripts.ENQUEUE, (keys.state, keys.queue, keys.wake), (kind, key, payload, state_ttl, wake_ttl))
