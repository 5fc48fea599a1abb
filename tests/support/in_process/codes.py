"""Access codes of events in the test's process, and what the two stores count of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis
from django.db import transaction

from events.admission.codes import load_codes
from events.admission.keys import event_keys
from events.admission.requests import AdmissionRequest, More
from events.admission.snapshots import put_snapshot
from events.domain.codes import hint_of, normalise_code
from events.ledger.code_uses import all_codes
from events.ledger.codes import CodeTerms, NewCode, make_codes
from events.ledger.events import event_for_change
from events.ledger.queries import event_snapshot
from events.models import AccessCode, Event
from tests.support.in_process.api import Caller
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for


def give_codes(client: redis.Redis | None, event: Event, *codes: str, **terms: Any) -> list[int]:
    """Makes these codes as the API does, under the secret of the tests; with a client Redis knows them. Their ids."""
    plain = [normalise_code(code) for code in codes]
    made = [NewCode(digests=tickets.code_digests(event.pk, one), hint=hint_of(one)) for one in plain]
    with transaction.atomic():
        locked = event_for_change(event_id=event.pk)
        assert locked is not None
        update = make_codes(locked, made, CodeTerms(**terms))
    event.refresh_from_db()
    if client is not None:
        load(client, event)
    return [code.id for code in update.codes]


def load(client: redis.Redis, event: Event) -> None:
    """What the door's loader does."""
    put_snapshot(client, event_snapshot(event))
    load_codes(client, event.pk, all_codes(event.pk))


def with_code(
    event: Event, number: int | str, code: str, *, quantity: int = 1, type_id: int = 0, at: str = ""
) -> AdmissionRequest:
    """A registration of guest `number` with a code, as the door hands it to the gate; `at` is its address."""
    plain = apply_for(number)
    named = (plain.key, plain.email_digest, plain.note, plain.payload, at)
    digests: Sequence[str] = tickets.code_digests(event.pk, normalise_code(code))
    return AdmissionRequest(*named, More(quantity=quantity, type_id=type_id, codes=digests))


def used(event: Event) -> list[int]:
    """What the ledger counts of each code, in the order in which they were made."""
    return list(AccessCode.objects.filter(event=event).order_by("pk").values_list("used_count", flat=True))


def queued(client: redis.Redis, event: Event) -> dict[int, int]:
    """What Redis counts of each code in the queue, by id."""
    pending: Any = client.hgetall(event_keys(event.pk).pending)
    return {int(field[1:]): int(count) for field, count in pending.items() if field[:1] == b"k"}


def published(client: redis.Redis, event: Event) -> list[int]:
    """What Redis knows to be decided of each code, in the order in which they were made."""
    found: Any = client.hgetall(event_keys(event.pk).codes)
    texts = [text.split(b"|") for field, text in found.items() if field != b"all"]
    return [int(parts[3]) for parts in sorted(texts, key=lambda parts: int(parts[1]))]


def counted(client: redis.Redis, event: Event) -> tuple[list[int], list[int], dict[int, int]]:
    """What is decided of each code in the ledger and as Redis has it, and what is queued."""
    return used(event), published(client, event), queued(client, event)


def made(caller: Caller, event_id: int, **body: Any) -> list[str]:
    """The codes that the API has made."""
    answer = caller.post(f"/events/{event_id}/codes", body)
    assert answer.status_code == 201, answer.content
    codes: list[str] = answer.json()["data"]["codes"]
    return codes


def listed(caller: Caller, event_id: int) -> list[dict[str, Any]]:
    """The event's codes as the API lists them."""
    found: list[dict[str, Any]] = caller.get(f"/events/{event_id}/codes?page_size=100").json()["data"]["results"]
    return found
