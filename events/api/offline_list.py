"""Streams the list by which a device admits guests without a network: hashes of check-in codes, with what is left.

A lost phone gives away no name, and no ticket: behind the reference a code has 24 characters that only the service can
make (72 random bits, encrypted, and a tag of 72 bits), so its hash is found by no search.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256

import msgspec
from django.http import StreamingHttpResponse
from django.utils import timezone

from events.api.export import rendered_batches
from events.domain.public.attendee import OfflineList
from events.domain.times import iso_of
from events.ledger.queries import AttendeeFilter
from events.models import Event, Registration
from events.secrets import tickets
from omnify.common.envelope import success

HASH_BYTES = 16
_END = b"}}}"


def hash_code(code: str) -> str:
    """Hashes a check-in code: 128 bits of SHA-256 in 22 characters of URL-safe base64."""
    return urlsafe_b64encode(sha256(code.encode()).digest()[:HASH_BYTES]).rstrip(b"=").decode()


def offline_response(event: Event) -> StreamingHttpResponse:
    """Streams the list of an event, as one success."""
    empty = OfflineList(event_id=event.pk, read_at=iso_of(timezone.now()), tickets={})
    head = msgspec.json.encode(success(empty, "Hashes of check-in codes, with what is left."))
    return StreamingHttpResponse(_chunks(head, AttendeeFilter(event.pk)), content_type="application/json")


async def _chunks(head: bytes, guests: AttendeeFilter) -> AsyncIterator[bytes]:
    """Yields the answer with the tickets where the empty ones stand in `head`."""
    yield head.removesuffix(_END)
    comma = b""
    async for chunk in rendered_batches(guests, _render):
        yield comma + chunk
        comma = b","
    yield _END


def _render(rows: Sequence[Registration]) -> bytes:
    left = {_hash(row): row.quantity - row.checked_in_quantity for row in rows}
    return msgspec.json.encode(left)[1:-1]


def _hash(row: Registration) -> str:
    return hash_code(tickets().check_in_code(event_id=row.event_id, key=row.ticket_key, mark=row.mark))
