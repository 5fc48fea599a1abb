"""The spans of one process, on their way to a collector by OTLP over HTTP. Imported only where tracing is on.

    a span ends → queue of the batch processor, bounded → its thread → POST to the collector

Only what is sampled becomes a span at all. Registrations are sampled here, at the door, since asking a sampler of the
SDK costs each of them as much as a twentieth of registering; what follows one that is sampled (batches, deliveries) is
always recorded. Nothing waits for the collector: where it hangs or refuses, the queue fills up, and spans are dropped
and counted (`omnify_trace_spans_total`).

A context is what a child or a link needs: 16 bytes of trace id and 8 of span id, of a span that is sampled.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from random import getrandbits

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from omnify.common import metrics
from omnify.common.tracing_settings import TracingSettings

_TRACE_BYTES, _SPAN_BYTES = 16, 8
_LOW_BITS = (1 << 64) - 1
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_ROOT = Context()
# What the service is called where neither OTEL_SERVICE_NAME nor OTEL_RESOURCE_ATTRIBUTES says it.
_SERVICE = "omnify"
_FLUSH_SECONDS = 2.0
# Spans in front of the collector, without OTEL_BSP_MAX_QUEUE_SIZE: the specification's number.
MOST_WAITING = 2048

_propagator = TraceContextTextMapPropagator()

Attributes = Mapping[str, str | int | float | bool]


class Traces:
    """The process's spans. `exporter` is for tests; without it the variables `OTEL_EXPORTER_OTLP_*` say where to."""

    def __init__(self, settings: TracingSettings, *, exporter: SpanExporter | None = None) -> None:
        self._parent_based = settings.parent_based
        self._bound = TraceIdRatioBased.get_bound_for_rate(settings.ratio)
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(CountedBatches(exporter or OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("omnify")

    def samples(self, parent: SpanContext | None) -> bool:
        """Tells whether a registration is traced; `parent` is its caller's span, if it has one."""
        if parent is None:
            return getrandbits(64) < self._bound
        if self._parent_based:
            return parent.trace_flags.sampled
        return parent.trace_id & _LOW_BITS < self._bound

    def start(
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        *,
        parent: SpanContext | None = None,
        links: Sequence[SpanContext] = (),
        attributes: Attributes | None = None,
        start_ns: int | None = None,
    ) -> Span:
        """Begins a span, now or at `start_ns` (since 1970); without a parent it begins a trace."""
        within = _ROOT if parent is None else set_span_in_context(NonRecordingSpan(parent), _ROOT)
        return self._tracer.start_span(
            name, within, kind, attributes, [Link(link) for link in links], start_time=start_ns
        )

    def flush(self) -> None:
        """Sends what is waiting, however long that takes: for measures."""
        self._provider.force_flush()

    def close(self, *, seconds: float = _FLUSH_SECONDS) -> None:
        """Sends what is waiting, for `seconds` at most; a collector that hangs must not keep a process from ending."""
        # The thread is left behind if the time is over: it is a daemon, as the processor's is.
        closing = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        closing.start()
        closing.join(seconds)


class CountedBatches(BatchSpanProcessor):
    """The SDK's batch processor, with a count of what it exports, and of what finds its queue full and is dropped: the
    SDK itself would write a line of log for each."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._counting = _CountingExporter(exporter)
        self._most = int(os.environ.get("OTEL_BSP_MAX_QUEUE_SIZE") or MOST_WAITING)
        super().__init__(self._counting, max_queue_size=self._most)
        self._put = 0
        self._dropped = metrics.TRACE_SPANS.labels("dropped")
        # Spans end in several threads.
        self._lock = threading.Lock()

    def on_end(self, span: ReadableSpan) -> None:
        """Puts a span into the queue."""
        with self._lock:
            full = self._put - self._counting.taken >= self._most
            self._put += not full
        if full:
            self._dropped.inc()
        else:
            super().on_end(span)


class _CountingExporter(SpanExporter):
    """Counts what is exported, and what the collector did not take."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self.taken = 0

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.taken += len(spans)
        result = SpanExportResult.FAILURE
        try:
            result = self._exporter.export(spans)
        finally:
            done = result is SpanExportResult.SUCCESS
            metrics.TRACE_SPANS.labels("exported" if done else "refused").inc(len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def caller_of(traceparents: Sequence[bytes], tracestates: Sequence[bytes]) -> SpanContext | None:
    """Returns the span that a request's headers name; None without one, or if they are not valid.

    By the rules of W3C Trace Context (https://www.w3.org/TR/trace-context/): one `traceparent`, and any number of
    `tracestate` headers, which are one list.
    """
    if len(traceparents) != 1:
        return None
    sent = {"traceparent": traceparents[0].decode("latin-1")}
    if tracestates:
        sent["tracestate"] = b",".join(tracestates).decode("latin-1")
    found = get_current_span(_propagator.extract(sent, context=_ROOT)).get_span_context()
    return found if found.is_valid else None


def to_bytes(context: SpanContext) -> bytes:
    """Writes a context."""
    return context.trace_id.to_bytes(_TRACE_BYTES) + context.span_id.to_bytes(_SPAN_BYTES)


def from_bytes(context: bytes) -> SpanContext:
    """Reads a context."""
    trace_id, span_id = context[:_TRACE_BYTES], context[_TRACE_BYTES:]
    return SpanContext(int.from_bytes(trace_id), int.from_bytes(span_id), is_remote=True, trace_flags=_SAMPLED)


def fail(span: Span, problem: BaseException | str) -> None:
    """Ends a span with an error: the type of an exception, since its message may quote what a person has sent."""
    name = problem if isinstance(problem, str) else type(problem).__name__
    span.set_attribute("error.type", name)
    span.set_status(Status(StatusCode.ERROR))
    span.end()


def _resource() -> Resource:
    named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return Resource.create({"process.pid": os.getpid(), **({} if named else {"service.name": _SERVICE})})
