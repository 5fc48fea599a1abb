"""The list of public events in Redis: id -> version of the event's row `|` JSON of `Listed`, or nothing if it is not
public any more.

Each change of an event writes its entry; a full sweep compares all of them with the ledger. On a Cluster the list is
kept on three nodes, so that one that is away takes it from no one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import msgspec
import redis
from redis.exceptions import RedisError

from events.admission import calls
from events.admission import keys as k
from events.domain.listed import Listed, listed
from events.domain.snapshot import EventSnapshot
from omnify.common.redis_nodes import is_cluster

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Listed).decode


def put_listed(client: redis.Redis, snapshot: EventSnapshot) -> None:
    """Notes an event as it is now: listed if it is public. Raises redis.exceptions.RedisError: no node answers."""
    problems = []
    for name in (names := list_names(client)):
        try:
            _put(client, name, snapshot)
        except RedisError as problem:
            problems.append(problem)
    if len(problems) == len(names):
        raise problems[0]


def unlist(client: redis.Redis, event_id: int) -> None:
    """Takes a deleted event off the list. Where a node does not answer, a full sweep does it."""
    for name in list_names(client):
        with suppress(RedisError):
            client.hdel(name, str(event_id))


def listed_versions(client: redis.Redis) -> dict[str, dict[int, int]]:
    """Reads the version of each entry, by the name of each copy of the list that can be read."""
    found = {}
    for name in list_names(client):
        try:
            entries: dict[bytes, bytes] = client.hgetall(name)  # type: ignore[assignment]
            found[name] = {int(field): _version(value) for field, value in entries.items()}
        except RedisError:
            continue
    return found


def compare_listed(client: redis.Redis, before: Mapping[str, Mapping[int, int]], rows: Sequence[EventSnapshot]) -> int:
    """Makes the list what `rows` are, the public events of the ledger, which were read after `before`.

    What is newer in `before` than in the ledger is of a database that lost its last commits. Returns how many entries
    were changed. Raises redis.exceptions.RedisError.
    """
    changed, present = 0, {row.event_id for row in rows}
    for name, versions in before.items():
        gone = [event_id for event_id in versions if event_id not in present]
        ahead = [row.event_id for row in rows if versions.get(row.event_id, 0) > row.version]
        if gone or ahead:
            client.hdel(name, *map(str, (*gone, *ahead)))
        missing = [row for row in rows if versions.get(row.event_id) != row.version]
        for row in missing:
            _put(client, name, row)
        client.expire(name, k.LISTED_TTL_SECONDS)
        changed += len(gone) + len(missing)
    return changed


def read_listed(values: Iterable[bytes]) -> list[Listed]:
    """Decodes the entries of public events."""
    texts = (value.partition(b"|")[2] for value in values)
    return [_decode(text) for text in texts if text]


def list_names(client: redis.Redis) -> tuple[str, ...]:
    """Returns the names under which the list is kept."""
    return k.copies(k.LISTED) if is_cluster(client) else (k.LISTED,)


def _put(client: redis.Redis, name: str, snapshot: EventSnapshot) -> None:
    shown = listed(snapshot)
    text = _encode(shown) if shown else b""
    ttl = k.LISTED_TTL_SECONDS
    calls.list_event([name], event_id=snapshot.event_id, version=snapshot.version, text=text, ttl=ttl).run(client)


def _version(value: bytes) -> int:
    """Returns an entry's version; 0 if the release before wrote it, so that it is written anew."""
    version, _, text = value.partition(b"|")
    return 0 if text and not _decode(text).created_ms else int(version)
