"""Takes guests in whom an organizer adds. `client` is a blocking client, or one that waits for replicas."""

from __future__ import annotations

from collections.abc import Sequence

from events.admission import calls
from events.admission import keys as k
from events.admission.calls import AddedGuest
from events.admission.commands import EventGone
from events.admission.entry import pack
from events.admission.fields import BEYOND_CAPACITY, BY_ORGANIZER
from events.admission.replies import AdmitReply, decode_add_guest
from events.admission.scripts import Redis
from events.admission.seats_text import write_seats
from events.admission.snapshots import put_snapshot
from events.domain.snapshot import EventSnapshot

# A copy may be removed just between its loading and the next call. An event without one after this many is deleted.
_TRIES = 3


def add_guest(
    client: Redis,
    event: EventSnapshot,
    *,
    key: str,
    name: str,
    email: str,
    digests: Sequence[str],
    mark: str,
    quantity: int,
    type_id: int,
    beyond_capacity: bool,
    language: str = "",
) -> AdmitReply:
    """Puts a guest into the event's queue; a `key` that is known there already gets its present answer.

    `digests` are the e-mail's under the current secret, which `mark` names, and under older ones.
    Raises redis.exceptions.RedisError: the guest may be in the queue or not.
    """
    payload = pack(name=name, email=email, email_digest=digests[0], mark=mark, language=language)
    added = (BEYOND_CAPACITY if beyond_capacity else BY_ORGANIZER).decode()
    call = calls.add_guest(
        k.event_keys(event.event_id),
        guest=AddedGuest(key, digests, payload, write_seats(quantity, type_id), added),
        state_ttl=k.STATE_TTL_SECONDS,
        wake_ttl=k.WAKE_TTL_MS,
    )
    for _ in range(_TRIES):
        if isinstance(reply := decode_add_guest(call.run(client)), AdmitReply):
            return reply
        put_snapshot(client, event)
    raise EventGone
