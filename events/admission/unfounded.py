"""Published outcomes that the ledger does not hold: a standby was promoted that lacked the last commits.

Only the ledger can tell which they are, so the caller asks it after it has read them here: what a drain publishes
meanwhile has been committed before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import redis

from events.admission import calls
from events.admission import keys as k
from events.admission.calls import UnfoundedOutcome
from events.admission.fields import EMAIL, TICKET
from events.admission.news_command import publish_command
from events.admission.outcomes import decode_outcome
from events.domain.outcome import Outcome

_AT_ONCE = 500


class ReadOutcome(NamedTuple):
    """An outcome as Redis has it, and its text there."""

    outcome: Outcome
    text: str


def published_outcomes(client: redis.Redis, event_id: int) -> Iterator[list[ReadOutcome]]:
    """Reads all outcomes of an event that are published, some hundreds at a time. Each may come twice."""
    found = (
        ReadOutcome(decode_outcome(field[1:].decode(), value.decode()), value.decode())
        for field, value in _fields(client, event_id, f"{TICKET}*")
    )
    while chunk := list(islice(found, _AT_ONCE)):
        yield chunk


def take_back(client: redis.Redis, event_id: int, unfounded: Sequence[ReadOutcome], *, lost: Collection[str]) -> int:
    """Takes these outcomes back. Their tickets are noted as lost if their keys are in `lost`. Returns how many."""
    keys = k.event_keys(event_id)
    digests = _digests(client, event_id, {outcome.key for outcome, _ in unfounded})
    items = [
        UnfoundedOutcome(o.key, digests.get(o.key, ""), text, o.sequence if o.key in lost else 0)
        for o, text in unfounded
    ]
    taken = 0
    for start in range(0, len(items), _AT_ONCE):
        part = items[start : start + _AT_ONCE]
        call = calls.take_back(
            keys,
            lost_ttl=k.LOST_TTL_SECONDS,
            channel=keys.news,
            publish_command=publish_command(client),
            outcomes=part,
        )
        taken += int(call.run(client))
    return taken


def _digests(client: redis.Redis, event_id: int, holders: Collection[str]) -> dict[str, str]:
    """Finds the digests of the e-mails that these tickets hold."""
    if not holders:
        return {}
    emails = ((value.decode(), field[1:].decode()) for field, value in _fields(client, event_id, f"{EMAIL}*"))
    return {key: digest for key, digest in emails if key in holders}


def _fields(client: redis.Redis, event_id: int, pattern: str) -> Iterator[tuple[bytes, bytes]]:
    for slot in k.event_keys(event_id).decided:
        found: Any = client.hscan_iter(slot, match=pattern, count=_AT_ONCE)
        yield from found
