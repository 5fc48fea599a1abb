"""What Django does at once: so much of each kind, with a short line, and nothing of one kind keeps another waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from omnify import bulkheads
from omnify.bulkheads import LINE, Bulkheads, Full, Kind, Place, kind_of


def scope(method: str, path: str, query: str = "") -> dict[str, Any]:
    return {"method": method, "path": path, "query_string": query.encode()}


@pytest.mark.parametrize(
    ("method", "path", "query", "kind"),
    [
        ("GET", "/health/ready", "", Kind.PROBE),
        ("GET", "/metrics", "", Kind.PROBE),
        ("POST", "/admin/login/", "next=/admin/", Kind.SIGN_IN),
        ("POST", "/console/login", "", Kind.SIGN_IN),
        ("GET", "/console/login", "", Kind.OTHER),
        ("GET", "/admin/login/", "", Kind.ADMIN),
        ("GET", "/admin/events/registration/", "q=x", Kind.ADMIN),
        ("GET", "/events/1/attendees", "format=csv", Kind.EXPORT),
        ("GET", "/events/1/attendees", "page=2&search=a", Kind.EXPORT),
        ("GET", "/events/1/attendees", "page=2", Kind.OTHER),
        ("PATCH", "/events/1", "", Kind.ORDER),
        ("GET", "/events", "", Kind.OTHER),
    ],
)
def test_a_request_is_of_the_kind_that_it_costs(method: str, path: str, query: str, kind: Kind) -> None:
    assert kind_of(scope(method, path, query)) is kind


SIGN_IN, EVENTS = scope("POST", "/admin/login/"), scope("GET", "/events")


async def _full(place: Place) -> bool:
    try:
        await place.take()
    except Full:
        return True
    place.leave()
    return False


def test_a_full_line_turns_away_its_own_kind_at_once_and_no_other() -> None:
    async def scene() -> None:
        heads = Bulkheads(at_once=2)
        first = heads.place(SIGN_IN)
        await first.take()
        waiting = [asyncio.create_task(_full(heads.place(SIGN_IN))) for _ in range(LINE)]
        await asyncio.sleep(0)
        assert await _full(heads.place(SIGN_IN))
        assert not await _full(heads.place(EVENTS))
        first.leave()
        assert await asyncio.gather(*waiting) == [False] * LINE

    asyncio.run(scene())


def test_whoever_waits_too_long_is_turned_away_and_takes_nothing_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkheads, "PATIENCE_SECONDS", 0.01)

    async def scene() -> None:
        heads = Bulkheads(at_once=2)
        held = [heads.place(EVENTS) for _ in range(2)]
        for place in held:
            await place.take()
        assert await _full(heads.place(EVENTS))
        for place in held:
            place.leave()
            place.leave()
        again = [heads.place(EVENTS) for _ in range(2)]
        for place in again:
            await place.take()
        assert await _full(heads.place(EVENTS))

    asyncio.run(scene())
