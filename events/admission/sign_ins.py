"""Counts attempts to sign in, before they are checked: hashing a password is what an attempt costs.

Windows are fixed, because few attempts are legitimate anyway. A successful attempt is uncounted. From an address that
has signed in to an account before, the account's own limit does not apply: guessing passwords locks no owner out.
"""

from __future__ import annotations

from typing import Any

import redis

from events.admission import keys as k

PER_ADDRESS = 20
PER_ACCOUNT = 10


def begin_sign_in(client: redis.Redis, *, address: str, account: str, both: str) -> int:
    """Counts an attempt. Returns 0, or after how many seconds the next one is allowed.

    Args:
        address: digest of the client's address.
        account: digest of the account's name; empty where only a secret is given, which belongs to no account yet.
        both: digest of the two together.

    Raises:
        redis.exceptions.RedisError: it cannot be counted, so it must not be made.
    """
    names = [(k.sign_ins(address), PER_ADDRESS)]
    if account and not client.exists(k.signed_in_before(both)):
        names.append((k.sign_ins(account), PER_ACCOUNT))
    pipe = client.pipeline(transaction=True)
    for name, _ in names:
        pipe.incr(name)
        pipe.expire(name, k.SIGN_IN_WINDOW_SECONDS, nx=True)
        pipe.ttl(name)
    found: list[Any] = pipe.execute()
    counted = zip(names, found[0::3], found[2::3], strict=True)
    waits = [int(left) for (_, limit), count, left in counted if int(count) > limit]
    return max(1, *waits) if waits else 0


def sign_in_worked(client: redis.Redis, *, address: str, account: str, both: str) -> None:
    """Uncounts the attempt, and records the address for the account. Raises redis.exceptions.RedisError."""
    pipe = client.pipeline(transaction=True)
    # If the window has ended meanwhile, the next one allows one attempt more.
    pipe.decr(k.sign_ins(address))
    pipe.expire(k.sign_ins(address), k.SIGN_IN_WINDOW_SECONDS, nx=True)
    if account:
        pipe.delete(k.sign_ins(account))
        pipe.set(k.signed_in_before(both), "1", ex=k.SIGNED_IN_BEFORE_SECONDS)
    pipe.execute()
