"""What an operator wants of tracing, and the only way to it: where it is off, nothing of OpenTelemetry is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from omnify.common.tracing import Traces


class TracingSettings(NamedTuple):
    """Which registrations are traced.

    `ratio` (0 to 1) of those that begin a trace; with `parent_based`, one whose caller has traced its request, or has
    decided not to, follows the caller.
    """

    ratio: float
    parent_based: bool


def open_traces(settings: TracingSettings | None) -> Traces | None:
    """Starts this process's export of spans, in a thread, which does not outlive a fork; None where tracing is off."""
    if settings is None:
        return None
    from omnify.common.tracing import Traces

    return Traces(settings)
