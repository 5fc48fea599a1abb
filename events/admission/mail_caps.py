"""Counts mails to each mailbox, across events: no one is flooded, though anyone can type any address.

Windows are fixed: the first mail begins one. A mailbox is known by its digest. What people ask for has half of the
limit: no one can use up all of another's, and so keep from them what was decided. A quarter is kept for what its reader
must answer in time, once for each event: who registers another's address everywhere does not keep the proof of it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import redis

from events.admission import keys as k
from events.domain.rate_limit import RateLimit


class CountedMail(NamedTuple):
    """A mail to the mailbox with this digest.

    `on_request`: people asked for it, the queue did not decide it. `reserved_of`: the id of its event, of one that may
    use the quarter that is kept; None of any other.
    """

    mailbox: str
    on_request: bool = False
    reserved_of: int | None = None


def count_mails(client: redis.Redis, mails: Sequence[CountedMail], *, cap: RateLimit) -> list[int]:
    """Counts these mails. Returns 0 where it may be sent, or after how many seconds it may.

    A decided mail that may not be sent has been counted; it is counted again in a later window.

    Raises redis.exceptions.RedisError.
    """
    kept = cap.count // 4
    waits, asked = [0] * len(mails), [place for place, mail in enumerate(mails) if mail.on_request]
    names = [k.mails_asked(mails[place].mailbox) for place in asked]
    for place, wait in zip(asked, _count(client, names, most=max(1, cap.count // 2), cap=cap), strict=True):
        waits[place] = wait
    reserved = _count_reserved(client, mails, most=kept, cap=cap)
    rest = [place for place, wait in enumerate(waits) if not wait and reserved.get(place) != 0]
    names = [k.mails_to(mails[place].mailbox) for place in rest]
    for place, wait in zip(rest, _count(client, names, most=cap.count - kept, cap=cap), strict=True):
        waits[place] = min(wait, reserved.get(place, wait))
    return waits


def _count_reserved(client: redis.Redis, mails: Sequence[CountedMail], *, most: int, cap: RateLimit) -> dict[int, int]:
    """Counts those that may use what is kept, by their place: the first of each event, for so many events at `most`."""
    found = {place: mail for place, mail in enumerate(mails) if mail.reserved_of is not None}
    if not found or not most:
        return {}
    pipe = client.pipeline(transaction=False)
    for mail in found.values():
        name = k.mails_reserved(mail.mailbox)
        pipe.sadd(name, str(mail.reserved_of))
        pipe.scard(name)
        pipe.expire(name, cap.window_seconds, nx=True)
        pipe.ttl(name)
    said: list[Any] = pipe.execute()
    counted = zip(found, said[0::4], said[1::4], said[3::4], strict=True)
    return {place: 0 if added and events <= most else max(1, int(left)) for place, added, events, left in counted}


def _count(client: redis.Redis, names: Sequence[str], *, most: int, cap: RateLimit) -> list[int]:
    if not names:
        return []
    pipe = client.pipeline(transaction=False)
    for name in names:
        pipe.incr(name)
        pipe.expire(name, cap.window_seconds, nx=True)
        pipe.ttl(name)
    found: list[Any] = pipe.execute()
    counted = zip(found[0::3], found[2::3], strict=True)
    return [max(1, int(left)) if int(count) > most else 0 for count, left in counted]
