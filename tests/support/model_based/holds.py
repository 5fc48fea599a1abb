"""Seats of a drop that are set aside: who confirms them, whose time is over, and what must be true of them at rest.

Where expiries and confirmations stand in the order of admission, the append-only file of Valkey says.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import psycopg2
from psycopg2.errors import LockNotAvailable

from tests.support.model_based.history import Drop
from tests.support.model_based.insisting import insist, patient
from tests.support.model_based.model import Command, Model
from tests.support.model_based.records import Paid
from tests.support.service.admitted import Admitted, admitted

KEY_LENGTH = 20
# The hold is over in the next millisecond by Valkey's clock, in one step: what comes after that is too late.
_END_IN_REDIS = """
for _, slot in ipairs(KEYS) do
  local outcome = redis.call('HGET', slot, 't' .. ARGV[1]) or ''
  local before, by = string.match(outcome, '^(%d+|held|.*h)%d+(o?)$')
  if before then
    local time = redis.call('TIME')
    local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000) + 1)
    redis.call('HSET', slot, 't' .. ARGV[1], before .. now .. by)
    return now
  end
end
return '0'
"""
_END_IN_LEDGER = """UPDATE events_registration SET expires_at = to_timestamp(%s / 1000.0)
WHERE event_id = %s AND status = 'held' AND ticket_key = %s"""
_DUE = """SELECT count(*) FROM events_registration WHERE event_id = %s AND status = 'held' AND expires_at <= now()"""
_HOLDS = """SELECT ticket_key, status, payment_reference, (extract(epoch FROM expires_at) * 1000)::bigint
FROM events_registration WHERE event_id = %s AND expires_at IS NOT NULL"""
_COUNTS = (
    "SELECT held_count, expired_count, confirmed_count + held_count <= max_capacity FROM events_event WHERE id = %s"
)


def confirm(drop: Drop, ticket_id: str, *, other: bool = False) -> None:
    """The one who may insists until it is taken in, or refused; `other`: with another payment than usual."""
    if not drop.hold:
        return
    low, was = drop.settled, drop.tickets[ticket_id].status
    reference = f"{'other' if other else 'payment'}-{ticket_id}"
    organizer = drop.hold["confirmed_by"] == "organizer"
    answer = insist(partial(drop.event.confirm, ticket_id, reference, as_organizer=organizer))
    if answer.status == 202:
        drop.paid.append(Paid(ticket_id, reference, answer.data["confirmation_sequence"]))
        drop.saw(ticket_id, answer.data["status"], since=was)
        return
    assert answer.refusal == (409, "not_held")
    if ticket_id not in drop.run_out and not drop.ended and not drop.over:
        high = drop.given()
        drop.claim(low, partial(_is_taken, drop, ticket_id, low, high), "a hold in time was not confirmed")


def _is_taken(drop: Drop, ticket_id: str, low: int, high: int, model: Model) -> bool:
    """Whether it is not held, or something that confirms it or ends it was waiting."""
    if ticket_id not in model.held:
        return True
    about = (entry for entry in admitted(drop.event) if entry.find([ticket_id]))
    return any(low < entry.place <= high for entry in about)


def run_out(drop: Drop, ticket_id: str) -> None:
    """Makes the time of a hold be over by now, unless it is not held. The service finds it, sooner or later."""
    if ticket_id in drop.run_out:
        return  # a later end would make the expiry that waits too early
    drop.run_out.add(ticket_id)
    event, key = drop.event, _key_of(ticket_id)
    slots, client = event.keys.decided, event.service.redis
    end_ms = patient(lambda: int(client.eval(_END_IN_REDIS, len(slots), *slots, key)))
    if not end_ms:
        return
    connection = psycopg2.connect(event.service.superuser_url(), connect_timeout=10)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '1s'")
            cursor.execute(_END_IN_LEDGER, [end_ms, event.id, key])
    except LockNotAvailable:
        pass  # a drain that stands still has it in hand: the door refuses, and no one ends it
    finally:
        connection.close()


def due_holds(drop: Drop) -> int:
    """How many holds are not ended though their time is over."""
    return int(drop.service.rows(_DUE, drop.event.id)[0][0])


def hold_commands(drop: Drop, entries: Sequence[Admitted]) -> list[Command]:
    """The confirmations and expiries at their places."""
    commands = []
    for entry in entries:
        ticket_id = entry.find(drop.tickets)
        if entry.kind == "confirm":
            assert ticket_id
            commands.append(Command(entry.place, partial(_confirm, ticket_id)))
        elif entry.kind == "expire":
            assert ticket_id
            over = bool(drop.end_ms) and entry.requested_ms >= drop.end_ms
            commands.append(Command(entry.place, partial(_expire, ticket_id, over)))
    return commands


def compare_holds(drop: Drop, model: Model, entries: Sequence[Admitted]) -> None:
    """Each hold ended once, none early; what was confirmed with a 202 is, by that payment, unless it was cancelled."""
    held = sum(model.counts(type_id)[1] for type_id in model.sizes)
    assert drop.service.rows(_COUNTS, drop.event.id) == [(held, model.expired, True)]
    rows = {key: rest for key, *rest in drop.service.rows(_HOLDS, drop.event.id)}
    confirmations = {(entry.place, entry.key) for entry in entries if entry.kind == "confirm"}
    for paid in drop.paid:
        key = _key_of(paid.ticket)
        status, reference, _ = rows[key]
        assert (status in ("confirmed", "cancelled"), reference) == (True, paid.reference), "paid in time, and not his"
        assert paid.place is None or (paid.place, key) in confirmations, "a confirmation has no place"
    for key, (status, _, end_ms) in rows.items():
        stamps = [entry.requested_ms for entry in entries if (entry.key, entry.kind) == (key, "expire")]
        assert all(stamp >= end_ms for stamp in stamps), "a hold was ended before its time"
        assert status != "expired" or stamps, "a hold ended without its turn"


def _key_of(ticket_id: str) -> str:
    """The ticket's key in the stores: behind the event's id, before the signature."""
    return ticket_id.partition("-")[2][:KEY_LENGTH]


def _confirm(ticket_id: str, model: Model) -> None:
    model.confirm(ticket_id)


def _expire(ticket_id: str, over: bool, model: Model) -> None:
    model.expire(ticket_id, over=over)
