"""The spans of a worker's process. Where tracing is off, drains, deliverers and mailers do nothing for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from django.conf import settings

from omnify.common.tracing_settings import open_traces
from worker.pipeline import Pipeline

if TYPE_CHECKING:
    from events.ledger.webhooks.attempts import Attempt
    from omnify.common.tracing import Traces
    from worker.mail.context import Result


@cache
def traces() -> Traces | None:
    """Returns the process's spans, whose export begins with the first call; None where tracing is off."""
    return open_traces(settings.ENV.tracing)


def close() -> None:
    """Sends what is waiting, for a limited time."""
    found = traces()
    if found is not None:
        found.close()


@cache
def pipeline() -> Callable[..., Pipeline]:
    """Returns what makes a drain's turn."""
    found = traces()
    if found is None:
        return Pipeline
    from worker.traced_pipeline import TracedPipeline

    return partial(TracedPipeline, traces=found)


def on_attempts() -> Callable[[Sequence[Attempt]], None] | None:
    """Returns what is told attempts of webhooks once they are recorded."""
    found = traces()
    if found is None:
        return None
    from worker.traced_deliveries import trace_attempts

    return partial(trace_attempts, found)


def on_mails() -> Callable[[Sequence[Result]], None] | None:
    """Returns what is told results of mails once they are recorded."""
    found = traces()
    if found is None:
        return None
    from worker.traced_deliveries import trace_mails

    return partial(trace_mails, found)
