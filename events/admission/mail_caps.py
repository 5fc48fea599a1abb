"""Counts mails to each mailbox, across events: no one is flooded, though anyone can type any address.

Windows are fixed: the first mail begins one. A mailbox is known by its digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from events.admission import keys as k
from events.domain.rate_limit import RateLimit


def count_mails(client: redis.Redis, digests: Sequence[str], *, cap: RateLimit) -> list[int]:
    """Counts a mail to each of these mailboxes. Returns 0 where it may be sent, or after how many seconds it may.

    A mail that may not be sent has been counted; it is counted again in a later window.

    Raises redis.exceptions.RedisError.
    """
    pipe = client.pipeline(transaction=False)
    for digest in digests:
        name = k.mails_to(digest)
        pipe.incr(name)
        pipe.expire(name, cap.window_seconds, nx=True)
        pipe.ttl(name)
    found: list[Any] = pipe.execute()
    counted = zip(found[0::3], found[2::3], strict=True)
    return [max(1, int(left)) if int(count) > cap.count else 0 for count, left in counted]
