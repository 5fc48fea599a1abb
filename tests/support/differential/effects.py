"""What the stores of one event hold, without what differs between two equal services."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from events.admission.fields import ADMITTED_IN, WINDOW
from events.admission.keys import event_keys
from events.admission.stats import PER_SECOND
from tests.support.differential.names import Names

_MS = re.compile(r"\b1[5-9][0-9]{11}\b|\b2[0-9]{12}\b")


def read_effects(redis: Any, event_id: int) -> dict[str, Any]:
    """Everything that Valkey holds about the event, as text; tickets under their own keys."""
    keys = event_keys(event_id)
    hashes = (keys.pending, keys.state, keys.lost, keys.rates, *keys.keys, *keys.decided)
    counts = (*keys.addresses, *keys.refusals)
    with redis.pipeline(transaction=False) as together:
        together.xrange(keys.queue)
        together.zrange(keys.waitlist, 0, -1, withscores=True)
        for name in (*hashes, *counts):
            together.hgetall(name)
        queue, waitlist, *found = together.execute()
    held = {name: _text(fields) for name, fields in zip((*hashes, *counts), found, strict=True)}
    in_last_second = int(held[keys.state].pop("counted", 0)) % PER_SECOND
    return {
        "queue": [(id.decode(), _text(fields)) for id, fields in queue],
        "waitlist": [(member.decode(), score) for member, score in waitlist],
        "pending": held[keys.pending],
        "state": held[keys.state],
        "lost": held[keys.lost],
        "admitted": _admissions(held[keys.rates]) + in_last_second,
        "keys": _merged(held, keys.keys),
        "decided": _merged(held, keys.decided),
        "addresses": _counts(held, keys.addresses),
        "refusals": _counts(held, keys.refusals),
    }


def tickets_in(effects: dict[str, Any]) -> list[str]:
    """The keys of the tickets in the queue, in its order."""
    return [fields["t"] for _, fields in effects["queue"]]


def derived_from_keys(effects: dict[str, Any]) -> set[str]:
    """The first characters of the keys of tickets that came with an Idempotency-Key."""
    return set(effects["keys"].values())


def rename(found: Any, names: Names) -> Any:
    """The same with tickets under their names and times left out."""
    if isinstance(found, dict):
        return {rename(key, names): rename(value, names) for key, value in found.items()}
    if isinstance(found, list | tuple):
        return [rename(one, names) for one in found]
    return _MS.sub("<time>", names.in_text(found)) if isinstance(found, str) else found


def _text(fields: dict[bytes, bytes]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in fields.items()}


def _merged(held: dict[str, dict[str, str]], parts: tuple[str, ...]) -> dict[str, str]:
    return {name: value for part in parts for name, value in held[part].items()}


def _counts(held: dict[str, dict[str, str]], parts: tuple[str, ...]) -> dict[str, int]:
    """Of both windows, by address."""
    found: Counter[str] = Counter()
    for part in parts:
        found.update({name: int(count) for name, count in held[part].items() if name != WINDOW})
    return dict(found)


def _admissions(rates: dict[str, str]) -> int:
    """Of the last seconds together."""
    return sum(int(value.split("|")[1]) for name, value in rates.items() if name.startswith(ADMITTED_IN.decode()))
