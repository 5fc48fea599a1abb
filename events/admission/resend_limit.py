"""Counts wishes for a ticket by the address that they come from. The limit of a mailbox is that of its mails."""

from __future__ import annotations

import redis

from events.admission import keys as k

PER_ADDRESS = 20


def count_wish(client: redis.Redis, *, address: str) -> int:
    """Counts a wish from an address (its digest). Returns 0, or after how many seconds the next one is allowed.

    Raises redis.exceptions.RedisError: it cannot be counted, so it must not be granted.
    """
    name = k.resends(address)
    pipe = client.pipeline(transaction=True)
    pipe.incr(name)
    pipe.expire(name, k.RESEND_WINDOW_SECONDS, nx=True)
    pipe.ttl(name)
    count, _, left = pipe.execute()
    return max(1, int(left)) if int(count) > PER_ADDRESS else 0
