"""The lines that say which tickets were given out."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter

import pytest

from events.door.admitted_log import LINE_LIMIT, AdmittedLog
from omnify.common.logs import JsonFormatter

Line = tuple[int, list[str]]


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "events.door.admitted_log")


def written(caplog: pytest.LogCaptureFixture) -> list[Line]:
    fields = [line.__dict__["fields"] for line in caplog.records if line.getMessage() == "admitted"]
    return [(found["event_id"], found["tickets"]) for found in fields]


def test_batches_of_an_event_share_a_line_a_moment_later(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        log = AdmittedLog()
        log.add(7, ["7-a", "7-b"])
        log.add(8, ["8-a"])
        log.add(7, ["7-c"])
        assert written(caplog) == []
        async with asyncio.timeout(60):
            while not written(caplog):
                await asyncio.sleep(0.01)
        assert written(caplog) == [(7, ["7-a", "7-b", "7-c"]), (8, ["8-a"])]
        log.add(7, ["7-d"])
        log.flush()
        log.flush()
        assert written(caplog)[2:] == [(7, ["7-d"])]

    asyncio.run(scene())


def test_a_line_has_the_time_of_its_first_ticket(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        log = AdmittedLog(clock=iter((1.0, 2.0)).__next__)
        log.add(7, ["7-a"])
        log.add(7, ["7-b"])
        log.flush()

    asyncio.run(scene())
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    assert (line["time"], line["tickets"]) == ("1970-01-01T00:00:01.000+00:00", ["7-a", "7-b"])


def test_every_ticket_is_in_one_line_and_no_line_grows_without_limit(caplog: pytest.LogCaptureFixture) -> None:
    refs = [f"7-{number}" for number in range(5000)]

    async def scene() -> None:
        log = AdmittedLog()
        for start in range(0, len(refs), 100):
            log.add(7, refs[start : start + 100])
        log.flush()

    asyncio.run(scene())
    found = [ref for _, line in written(caplog) for ref in line]
    assert Counter(found) == Counter(refs)
    assert found == refs
    assert max(len(line) for _, line in written(caplog)) == LINE_LIMIT
