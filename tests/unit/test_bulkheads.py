"""What Django does at once: so much of each kind, with a short line, and nothing of one kind keeps another waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from omnify import bulkheads
from omnify.bulkheads import MAX_WAITING, BulkheadFull, Bulkheads, Kind, Permit, kind_of


def scope(method: str, path: str, query: str = "", accept: str = "*/*") -> dict[str, Any]:
    headers = [(b"host", b"localhost"), (b"accept", accept.encode())]
    return {"method": method, "path": path, "query_string": query.encode(), "headers": headers}


@pytest.mark.parametrize(
    ("method", "path", "query", "kind"),
    [
        ("GET", "/health/ready", "", Kind.PROBE),
        ("GET", "/health/live", "", Kind.LIVE),
        ("GET", "/metrics", "", Kind.METRICS),
        ("POST", "/admin/login/", "next=/admin/", Kind.SIGN_IN),
        ("POST", "/console/login", "", Kind.SIGN_IN),
        ("GET", "/console/login", "", Kind.OTHER),
        ("GET", "/admin/login/", "", Kind.ADMIN),
        ("GET", "/admin/events/registration/", "q=x", Kind.ADMIN),
        ("GET", "/events/1/attendees", "format=csv", Kind.EXPORT),
        ("GET", "/events/1/attendees", "page=2&search=a", Kind.EXPORT),
        ("GET", "/events/1/attendees", "page=2", Kind.OTHER),
        ("PATCH", "/events/1", "", Kind.COMMAND),
        ("POST", "/events/1/cancel", "", Kind.COMMAND),
        ("GET", "/events", "", Kind.OTHER),
    ],
)
def test_a_request_is_of_the_kind_that_it_costs(method: str, path: str, query: str, kind: Kind) -> None:
    assert kind_of(scope(method, path, query)) is kind


@pytest.mark.parametrize("accept", ["text/csv", "Text/CSV;q=0.5, application/json;q=0.1", "text/*"])
def test_an_export_that_is_asked_for_by_its_media_type_is_one_too(accept: str) -> None:
    assert kind_of(scope("GET", "/events/1/attendees", "", accept)) is Kind.EXPORT
    assert kind_of(scope("GET", "/events", "", accept)) is Kind.OTHER


def test_what_waits_for_a_store_that_hangs_keeps_no_process_from_saying_that_it_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def answers(path: str) -> bool:
        heads = Bulkheads(max_concurrent=2)
        for busy in ("/health/ready", "/health/ready", "/metrics", "/events", "/events"):
            await heads.permit(scope("GET", busy)).acquire()
        return not await _full(heads.permit(scope("GET", path)))

    monkeypatch.setattr(bulkheads, "WAIT_SECONDS", 0.01)
    assert [asyncio.run(answers(path)) for path in ("/health/ready", "/metrics", "/health/live")] == [
        False,
        False,
        True,
    ]


SIGN_IN, EVENTS = scope("POST", "/admin/login/"), scope("GET", "/events")


async def _full(permit: Permit) -> bool:
    try:
        await permit.acquire()
    except BulkheadFull:
        return True
    permit.release()
    return False


def test_a_full_line_turns_away_its_own_kind_at_once_and_no_other() -> None:
    async def scene() -> None:
        heads = Bulkheads(max_concurrent=2)
        first = heads.permit(SIGN_IN)
        await first.acquire()
        waiting = [asyncio.create_task(_full(heads.permit(SIGN_IN))) for _ in range(MAX_WAITING)]
        await asyncio.sleep(0)
        assert await _full(heads.permit(SIGN_IN))
        assert not await _full(heads.permit(EVENTS))
        first.release()
        assert await asyncio.gather(*waiting) == [False] * MAX_WAITING

    asyncio.run(scene())


def test_a_request_that_waits_too_long_is_refused_and_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulkheads, "WAIT_SECONDS", 0.01)

    async def scene() -> None:
        heads = Bulkheads(max_concurrent=2)
        held = [heads.permit(EVENTS) for _ in range(2)]
        for permit in held:
            await permit.acquire()
        assert await _full(heads.permit(EVENTS))
        for permit in held:
            permit.release()
            permit.release()
        again = [heads.permit(EVENTS) for _ in range(2)]
        for permit in again:
            await permit.acquire()
        assert await _full(heads.permit(EVENTS))

    asyncio.run(scene())
