"""Spans of webhooks and mails about traced tickets, made when what came of them is recorded. Imported only where
tracing is on.

Each belongs to the trace of the registration, behind the span that decided it. URLs and addresses are not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TypeVar

from django.db import DatabaseError
from opentelemetry.trace import SpanKind, Status, StatusCode

from events.domain.tickets import reference
from events.ledger.traces import find_traces
from events.ledger.webhooks.attempts import Attempt
from omnify.common.logs import get_logger
from omnify.common.tracing import Attributes, Traces, from_bytes
from worker.mail.context import RELEASED, SKIPPED, Result

logger = get_logger(__name__)

Item = TypeVar("Item")


def trace_attempts(traces: Traces, attempts: Sequence[Attempt]) -> None:
    """Makes the spans of attempts to deliver webhooks. On the caller's database connection; never raises."""
    for attempt, context in _traced(attempts, _ticket_of_attempt):
        delivery, result = attempt.delivery, attempt.result
        said: dict[str, str | int] = {"omnify.message": delivery.type, "omnify.attempt": delivery.step + 1}
        if result.status is not None:
            said["http.response.status_code"] = result.status
        _span(
            traces,
            "deliver webhook",
            _ticket_of_attempt(attempt),
            context,
            (result.started_at, result.ended_at),
            attributes=said,
            error=None if result.delivered else attempt.error or str(result.status),
        )


def trace_mails(traces: Traces, results: Sequence[Result]) -> None:
    """Makes the spans of attempts to send mails. On the caller's database connection; never raises."""
    tried = [one for one in results if one.outcome not in (RELEASED, SKIPPED) and one.at and one.started_at]
    for one, context in _traced(tried, _ticket_of_mail):
        assert one.at is not None
        assert one.started_at is not None
        _span(
            traces,
            "send mail",
            _ticket_of_mail(one),
            context,
            (one.started_at, one.at),
            attributes={"omnify.mail": one.mail.kind, "omnify.outcome": one.outcome},
            error=None if one.outcome == "sent" else one.error or one.outcome,
        )


def _ticket_of_attempt(attempt: Attempt) -> tuple[int, str]:
    return attempt.delivery.event_id or 0, attempt.delivery.ticket_key


def _ticket_of_mail(result: Result) -> tuple[int, str]:
    return result.mail.event_id, result.mail.ticket_key


def _traced(items: Sequence[Item], ticket_of: Callable[[Item], tuple[int, str]]) -> Iterable[tuple[Item, bytes]]:
    """Yields those about traced tickets, with the contexts."""
    try:
        contexts = find_traces(filter(all, map(ticket_of, items)))
    except DatabaseError as problem:
        logger.throttled_warning("traces could not be read", problem=type(problem).__name__)
        return
    for item in items:
        context = contexts.get(ticket_of(item))
        if context is not None:
            yield item, context


def _span(
    traces: Traces,
    name: str,
    ticket: tuple[int, str],
    context: bytes,
    times: tuple[datetime, datetime],
    *,
    attributes: Attributes,
    error: str | None,
) -> None:
    said = {"omnify.event_id": str(ticket[0]), "omnify.reference": reference(*ticket), **attributes}
    started, ended = (round(moment.timestamp() * 1e6) * 1000 for moment in times)
    parent = from_bytes(context)
    span = traces.start(name, SpanKind.CLIENT, parent=parent, attributes=said, start_ns=started)
    if error is not None:
        span.set_attribute("error.type", error)
        span.set_status(Status(StatusCode.ERROR))
    span.end(ended)
