"""What a log line may hold."""

from __future__ import annotations

import logging

from events.domain.tickets import Tickets, ticket_ref
from omnify.logs import JsonFormatter


def test_no_line_holds_a_whole_ticket_id_whoever_wrote_it() -> None:
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
