"""Validates how the seats of an event are given out: to the first to come, or by a draw."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rest_framework import serializers

from events.domain.schedule import Schedule
from events.domain.states import Admission
from events.models import Event

_FIELDS = frozenset({"admission", "draw_at"})


def with_draw(attrs: dict[str, Any], schedule: Schedule, event: Event | None, *, now: datetime) -> dict[str, Any]:
    """Replaces `admission` and `draw_at` by the column that has both: a time, or null for no draw.

    Times that were not sent are never at fault, but that of an event that becomes one with a draw.
    """
    before = event.draw_at if event else None
    draws = attrs.get("admission", Admission.DRAW if before else Admission.FIRST_COME) == Admission.DRAW
    draw_at = attrs.get("draw_at", before if draws else None)
    if problems := _problems(attrs, schedule, draw_at, draws=draws, moved=draw_at != before, now=now):
        raise serializers.ValidationError(problems)
    rest = {name: value for name, value in attrs.items() if name not in _FIELDS}
    return {**rest, "draw_at": draw_at} if _FIELDS & attrs.keys() else rest


def _problems(
    attrs: dict[str, Any], schedule: Schedule, draw_at: datetime | None, *, draws: bool, moved: bool, now: datetime
) -> dict[str, list[str]]:
    if not draws:
        return {"draw_at": ["Only an event with `admission` `draw` has one."]} if draw_at else {}
    if draw_at is None:
        return {"draw_at": ["A draw needs its time."]}
    if moved and draw_at <= now:
        return {"draw_at": ["The draw must be in the future."]}
    if draw_at > schedule.start_time:
        return {"draw_at" if moved else "start_time": ["The draw must be no later than the start."]}
    if draw_at <= schedule.registration_opens_at:
        return {"draw_at" if moved else "registration_opens_at": ["The draw must be after registration opens."]}
    return {}
