"""Which registrations are traced, whom they follow, and what becomes of spans that a collector does not take."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from omnify.common import metrics
from omnify.common.tracing import Traces, caller_of, from_bytes, to_bytes
from omnify.common.tracing_settings import TracingSettings
from tests.support.waiting import wait_until

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def header(version: str = "00", trace: str = TRACE, span: str = SPAN, flags: str = "01", more: str = "") -> bytes:
    return f"{version}-{trace}-{span}-{flags}{more}".encode()


def tracing(ratio: float, *, parent_based: bool = True, exporter: SpanExporter | None = None) -> Traces:
    return Traces(TracingSettings(ratio, parent_based), exporter=exporter or InMemorySpanExporter())


def counted(result: str) -> float:
    found: float = metrics.TRACE_SPANS.labels(result)._value.get()
    return found


@pytest.mark.parametrize(
    "sent", [header(), header(flags="00"), header(version="cc", more="-later"), header(flags="03")]
)
def test_a_caller_that_names_its_span_is_found(sent: bytes) -> None:
    found = caller_of([sent], [])
    assert found is not None
    assert (f"{found.trace_id:032x}", f"{found.span_id:016x}") == (TRACE, SPAN)
    assert found.trace_flags.sampled is (int(sent[53:55], 16) & 1 == 1)


@pytest.mark.parametrize(
    "sent",
    [
        [header(version="ff")],
        [header(more="-more")],
        [header(trace="0" * 32)],
        [header(span="0" * 16)],
        [header(trace=TRACE.upper())],
        [header(trace=TRACE[1:])],
        [b"\xff\x00"],
        [b""],
        [header(), header()],
        [],
    ],
)
def test_what_the_standard_does_not_allow_begins_a_trace(sent: Sequence[bytes]) -> None:
    assert caller_of(sent, []) is None


def test_a_state_that_is_not_valid_does_not_spoil_the_parent() -> None:
    found = caller_of([header()], [b"a=1", b"not valid"])
    assert found is not None
    assert found.is_valid


def test_a_parent_decides_for_one_that_follows_it_and_the_ratio_for_all_others() -> None:
    yes, no = caller_of([header()], []), caller_of([header(flags="00")], [])
    never, always = tracing(0.0), tracing(1.0)
    assert [never.samples(one) for one in (yes, no, None)] == [True, False, False]
    assert [always.samples(one) for one in (yes, no, None)] == [True, False, True]
    alone = tracing(0.0, parent_based=False), tracing(1.0, parent_based=False)
    assert [traces.samples(one) for traces in alone for one in (yes, no)] == [False, False, True, True]
    for traces in (never, always, *alone):
        traces.close()


def test_a_ratio_is_kept() -> None:
    traces = tracing(0.25)
    found = sum(traces.samples(None) for _ in range(20_000))
    traces.close()
    assert 4500 < found < 5500


def test_a_context_is_24_bytes_and_comes_back() -> None:
    traces = tracing(1.0)
    context = traces.start("one").get_span_context()
    traces.close()
    assert len(to_bytes(context)) == 24
    assert from_bytes(to_bytes(context)).span_id == context.span_id
    assert from_bytes(to_bytes(context)).trace_flags.sampled


class Hanging(SpanExporter):
    """Takes nothing until it may."""

    def __init__(self) -> None:
        self.asked, self.may = threading.Event(), threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.may.wait()
        return SpanExportResult.FAILURE


def test_a_collector_that_hangs_costs_spans_which_are_counted_and_keeps_nothing_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"QUEUE_SIZE": "20", "EXPORT_BATCH_SIZE": "10"}.items():
        monkeypatch.setenv(f"OTEL_BSP_MAX_{name}", value)
    exporter, dropped, refused = Hanging(), counted("dropped"), counted("refused")
    traces = tracing(1.0, exporter=exporter)
    for _ in range(10):
        traces.start("taken").end()
    wait_until(exporter.asked.is_set, "the exporter is asked")
    for _ in range(50):
        traces.start("waiting or dropped").end()
    assert counted("dropped") - dropped == 30
    traces.close(seconds=0.01)
    exporter.may.set()
    wait_until(lambda: counted("refused") - refused >= 10, "what it did not take is counted")
