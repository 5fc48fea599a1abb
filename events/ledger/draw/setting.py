"""Says how an event's seats are going to be drawn, before its first entry.

The secret is made once, and its hash is in the decision log with the event: from then on the operator cannot choose
another one. A change of `draw_at` is an entry of its own, and the last one before the first registration holds. A draw
that was sealed with no one in it may be moved as well: it is another draw then, with another secret.
"""

from __future__ import annotations

import os
from datetime import datetime

from django.conf import settings

from events.domain.beacon import QUICKNET
from events.domain.decision_log import entries
from events.domain.draw import SECRET_BYTES, commitment_to
from events.domain.states import DrawState
from events.domain.times import to_ms, whole_ms
from events.ledger.counters import seats_of
from events.ledger.decision_log.append import append, open_log
from events.ledger.decision_log.entry_maker import LogBatch
from events.models import Draw, Event, Registration


class NoLog(Exception):
    """The event has no decision log, without which a draw could not be checked."""

    def __init__(self) -> None:
        super().__init__("A draw needs the event's decision log, which this event does not have.")


class DrawFixed(Exception):
    """Someone has registered: the draw is what it was then."""

    def __init__(self) -> None:
        super().__init__("Someone has registered for this event: its admission and its draw are fixed.")


def check_unfixed(event: Event) -> None:
    """Refuses to change a draw that someone has entered. Raises DrawFixed."""
    if Registration.objects.filter(event_id=event.pk).exists():
        raise DrawFixed


def set_draw(event: Event, draw_at: datetime | None, *, now: datetime) -> None:
    """Gives a locked event a draw at this time, or none, and says so in its log. The caller checks that it may change.

    Raises NoLog.
    """
    log = open_log(event, needed=draw_at is not None)
    if log is None:
        if draw_at is None:
            return
        raise NoLog
    draw = _unsealed(event.pk)
    waits = bool(settings.ENV.drand_url and draw_at)
    draw.chain = QUICKNET.name if waits else b""
    draw.round = QUICKNET.round_behind(to_ms(draw_at)) if waits and draw_at else None
    draw.save()
    event.draw_at, event.draw_state = draw_at, (DrawState.OPEN if draw_at else DrawState.NONE).value
    event.save(update_fields=["draw_at", "draw_state"])
    now_ms = to_ms(whole_ms(now))
    entry = entries.draw(
        now_ms=now_ms,
        draw_ms=to_ms(draw_at) if draw_at else 0,
        commitment_to_secret=commitment_to(bytes(draw.secret)),
        chain=bytes(draw.chain),
        round_=draw.round or 0,
    )
    seats = seats_of(event)
    append(log, LogBatch.of([entry]), before=seats, after=seats, last_sequence=event.last_sequence, now_ms=now_ms)


def _unsealed(event_id: int) -> Draw:
    """Returns the event's draw, a new one in place of one that was sealed without entries: its secret is known."""
    draw = Draw.objects.filter(pk=event_id).first()
    if draw is not None and draw.sealed_at is None:
        return draw
    if draw is not None:
        draw.delete()
    return Draw(pk=event_id, secret=os.urandom(SECRET_BYTES))
