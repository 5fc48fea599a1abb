"""Keeps the list of public events in Redis what the ledger says. A full sweep calls this."""

from __future__ import annotations

import redis

from events.admission.listing import compare_listed, listed_versions
from events.ledger.lookup import public_events


def relist(client: redis.Redis) -> int:
    """Compares the list with the ledger, and returns how many entries it changed.

    The list is read first: what is in it then, the ledger holds already. Raises redis.exceptions.RedisError.
    """
    before = listed_versions(client)
    return compare_listed(client, before, public_events())
