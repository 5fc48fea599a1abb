"""What a log line may hold."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from events.domain.tickets import Tickets, ticket_ref
from omnify.common.logs import JsonFormatter, get_logger


def test_no_line_holds_a_whole_ticket_id_whichever_logger_wrote_it() -> None:
    tickets = Tickets("a secret of the tests")
    key = tickets.mint()
    ticket_id = tickets.ticket_id(event_id=7, key=key)
    for path in (f"/t/{ticket_id}", f"/registrations/{ticket_id}/check-in"):
        record = logging.LogRecord("django.request", logging.ERROR, "x", 1, "Server Error: %s", (path,), None)
        line = JsonFormatter().format(record)
        assert ticket_id not in line
        assert f"7-{ticket_ref(key)}" in line


def test_other_text_is_left_alone() -> None:
    text = "2026-11-24 PATCH /events/12 7-short a-b_c"
    record = logging.LogRecord("x", logging.INFO, "x", 1, text, (), None)
    assert text in JsonFormatter().format(record)


def formatted(message: str, *args: Any) -> dict[str, Any]:
    """A record that a library writes while it handles an exception."""
    record = logging.LogRecord("celery.app.trace", logging.ERROR, "x", 1, message, args, sys.exc_info())
    line: dict[str, Any] = json.loads(JsonFormatter().format(record))
    return line


@pytest.mark.parametrize("quoting", [repr, str])
def test_an_exception_is_logged_without_the_words_that_it_quotes(quoting: Any) -> None:
    name = f"Guest {1}"
    try:
        try:
            raise KeyError(name)
        except KeyError as cause:
            raise ValueError(f"DETAIL: Key (name)=({name}) already exists.") from cause
    except ValueError as problem:
        line = formatted("Task %s raised: %s", "drain", quoting(problem))
    assert line["message"] == "Task drain raised: ValueError"
    assert name not in json.dumps(line)
    kinds = [part.splitlines()[-1] for part in line["exception"].split("\n\n")]
    assert kinds == ["KeyError", "ValueError"]
    assert "test_logs.py" in line["exception"]


@pytest.mark.parametrize("address", ["guest1@example.org", "o'neil+tag@mail.example.co.uk", "anna@müller.de"])
def test_no_line_holds_an_address_whichever_logger_wrote_it(address: str) -> None:
    for text in (address, f"<{address}>", f"to={address},", f"mailto:{address}?subject=x"):
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "%s", (text,), None)
        assert address.rpartition("@")[2] not in JsonFormatter().format(record)


def test_a_line_has_its_fields_and_names_the_place_that_wrote_it() -> None:
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("events.here").addHandler(handler)
    logger = get_logger("events.here")
    logger.warning("redis out of reach", event_id=7)
    try:
        raise ValueError
    except ValueError:
        logger.exception("it failed")
    logging.getLogger("events.here").removeHandler(handler)
    first, second = (json.loads(JsonFormatter().format(record)) for record in records)
    assert (first["level"], first["message"], first["event_id"]) == ("WARNING", "redis out of reach", 7)
    assert second["exception"].endswith("ValueError")
    assert {record.pathname for record in records} == {__file__}
