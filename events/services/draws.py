"""What must be known of the queue before a draw may be changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.admission.stats import queue_stats
from events.ledger.draw.setting import DrawFixed, check_unfixed
from events.models import Event
from omnify.common.clients import redis_client


def check_draw(event: Event, fields: Mapping[str, Any]) -> None:
    """Refuses to change the draw of a locked event that someone has registered for, or who is in its queue.

    Raises:
        DrawFixed
        redis.exceptions.RedisError
    """
    if fields.get("draw_at", event.draw_at) == event.draw_at:
        return
    check_unfixed(event)
    if queue_stats(redis_client(), event.pk).queued:
        raise DrawFixed
