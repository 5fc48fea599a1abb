"""Makes and revokes access codes, and has the door know of it at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from redis.exceptions import RedisError

from events.admission.queue import Queue
from events.admission.snapshots import event_progress
from events.domain.codes import hint_of, new_code, normalise_code
from events.ledger import codes as ledger
from events.ledger.codes import CodesUpdate, CodeTerms, NewCode
from events.models import Event
from events.secrets import tickets
from events.services.publish_event import raise_not_in_force
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class DrawnCodes(NamedTuple):
    """Codes that are to be made: as they are shown, which is once, and as they are stored."""

    shown: Sequence[str]
    stored: Sequence[NewCode]


def draw_codes(event_id: int, *, count: int, chosen: Sequence[str]) -> DrawnCodes:
    """Draws `count` codes, or takes those that the organizer has `chosen`. Before the event is locked: of ten thousand
    this is half the work, and no registration of the event is decided meanwhile."""
    shown = list(chosen) or [new_code() for _ in range(count)]
    return DrawnCodes(shown, [_stored(event_id, normalise_code(code)) for code in shown])


def make_codes(event: Event, codes: DrawnCodes, terms: CodeTerms) -> None:
    """Makes codes of a locked event, and publishes them when the caller's transaction is committed.

    Raises:
        TooManyCodes, CodesExist
        redis.exceptions.RedisError: the door cannot be reached, and would let no one in with them.
    """
    event_progress(redis_client(), [event.pk])
    # They are shown this once, so a Redis that went away a moment ago must not fail it: the sweep publishes them.
    _publish_on_commit(ledger.make_codes(event, codes.stored, terms), otherwise=lambda: None)


def revoke_codes(event: Event, code_ids: Collection[int], *, now: datetime) -> None:
    """Revokes codes of a locked event for good; twice is harmless. Publishes that like above.

    Raises NotInForce after the commit: the door cannot be reached, and lets in with them until the sweep reaches it.
    """
    _publish_on_commit(ledger.revoke_codes(event, code_ids, now=now), otherwise=raise_not_in_force)


def _stored(event_id: int, plain: str) -> NewCode:
    return NewCode(digests=tickets().code_digests(event_id, plain), hint=hint_of(plain))


def _publish_on_commit(update: CodesUpdate, *, otherwise: Callable[[], None]) -> None:
    transaction.on_commit(lambda: _publish(update, otherwise))


def _publish(update: CodesUpdate, otherwise: Callable[[], None]) -> None:
    event = update.event
    try:
        queue, before_ms = Queue(redis_client()), update.published_before_ms
        queue.publish(event=event, outcomes=(), codes=update.codes, counted=False, since_ms=before_ms)
    except RedisError as problem:
        fields = {"event_id": event.event_id, "problem": type(problem).__name__}
        logger.throttled_warning("codes were not published; the sweep will", **fields)
        otherwise()
