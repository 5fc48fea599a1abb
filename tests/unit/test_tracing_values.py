"""The variables of tracing: off unless asked for, OpenTelemetry's own names and values, and a sentence for others."""

from __future__ import annotations

import pytest

from omnify.common.tracing_settings import TracingSettings
from omnify.environment_values import BadEnvironment
from omnify.tracing_values import read_tracing

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_TRACES_SAMPLER": "always_on"},
        {"OTEL_TRACES_EXPORTER": "none", **ENDPOINT},
        {"OTEL_SDK_DISABLED": "true", **ENDPOINT},
    ],
)
def test_it_is_off(values: dict[str, str]) -> None:
    assert read_tracing(values) is None


@pytest.mark.parametrize(
    "values",
    [
        ENDPOINT,
        {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"},
        {"OTEL_TRACES_EXPORTER": "otlp"},
        {"OTEL_SDK_DISABLED": "false", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", **ENDPOINT},
    ],
)
def test_it_is_on_and_follows_callers_and_traces_one_in_a_hundred_itself(values: dict[str, str]) -> None:
    assert read_tracing(values) == TracingSettings(ratio=0.01, parent_based=True)


@pytest.mark.parametrize(
    ("sampler", "argument", "ratio", "parent_based"),
    [
        ("always_on", "", 1.0, False),
        ("always_off", "0.5", 0.0, False),
        ("traceidratio", "0.25", 0.25, False),
        ("traceidratio", "", 1.0, False),
        ("parentbased_always_on", "", 1.0, True),
        ("parentbased_always_off", "", 0.0, True),
        ("parentbased_traceidratio", "0", 0.0, True),
        ("", "0.1", 0.1, True),
    ],
)
def test_samplers(sampler: str, argument: str, ratio: float, parent_based: bool) -> None:
    values = {**ENDPOINT, "OTEL_TRACES_SAMPLER": sampler, "OTEL_TRACES_SAMPLER_ARG": argument}
    assert read_tracing(values) == TracingSettings(ratio, parent_based)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_SDK_DISABLED", "perhaps"),
        ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan"),
        ("OTEL_TRACES_SAMPLER_ARG", "many"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4096"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "inf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "rar"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/there/is/none"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "/there/is/none"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization"),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", "-1"),
    ],
)
def test_what_cannot_be_used_stops_the_start_with_its_name(name: str, value: str) -> None:
    with pytest.raises(BadEnvironment, match=name):
        read_tracing({**ENDPOINT, name: value})


def test_what_the_exporter_can_use_is_left_to_it_and_headers_are_not_quoted() -> None:
    good = {
        "OTEL_EXPORTER_OTLP_TIMEOUT": "2.5",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
        "OTEL_EXPORTER_OTLP_CERTIFICATE": __file__,
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20x, tenant=a=b",
        "OTEL_SPAN_LINK_COUNT_LIMIT": "1000",
    }
    assert read_tracing(ENDPOINT | good) is not None
    with pytest.raises(BadEnvironment) as problem:
        read_tracing({**ENDPOINT, "OTEL_EXPORTER_OTLP_HEADERS": "a=b,hunter2"})
    assert "hunter2" not in str(problem.value)
