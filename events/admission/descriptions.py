"""Descriptions of events in Redis, in a key of their own: `version|text`."""

from __future__ import annotations

from collections.abc import Iterable

from events.admission import keys as k
from events.admission.scripts import Redis
from events.domain.snapshot import Description


def put_descriptions(client: Redis, descriptions: Iterable[Description]) -> None:
    """Puts descriptions, for the door. Raises redis.exceptions.RedisError."""
    for found in descriptions:
        name, text = k.event_keys(found.event_id).page, f"{found.version}|{found.text}"
        client.execute_command("SET", name, text, "EX", k.PAGE_TTL_SECONDS)


def read_description(stored: str, version: int) -> str | None:
    """Returns the text if it is of this version; None: another one, or none, is here. Version 0 is always empty."""
    if not version:
        return ""
    found, _, text = stored.partition("|")
    return text if found == str(version) else None
