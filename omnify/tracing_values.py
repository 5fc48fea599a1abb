"""The variables of tracing, which are OpenTelemetry's own. The exporter and its queue read the rest of them:
`OTEL_EXPORTER_OTLP_*`, `OTEL_BSP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. One default is ours: without
`OTEL_TRACES_SAMPLER` one registration in a hundred is traced, where the specification has all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from omnify import environment_values as read
from omnify.common.tracing_settings import TracingSettings
from omnify.environment_values import BadEnvironment

DEFAULT_RATIO = 0.01

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PARENT_BASED = "PARENTBASED_"
_RATIO = "TRACEIDRATIO"
_SAMPLERS = ("ALWAYS_ON", "ALWAYS_OFF", _RATIO)
_LONGEST_QUEUE = 1_000_000


def read_tracing(values: Mapping[str, str]) -> TracingSettings | None:
    """Returns what is to be traced; None where tracing is off, as it is unless an endpoint or an exporter is set."""
    endpoints = [read.web_address(values, name) for name in _ENDPOINTS]
    exporter = read.choice(values, "OTEL_TRACES_EXPORTER", "otlp" if any(endpoints) else "none", ("OTLP", "NONE"))
    if exporter == "NONE" or read.flag(values, "OTEL_SDK_DISABLED"):
        return None
    for name in _PROTOCOLS:
        read.choice(values, name, "http/protobuf", ("HTTP/PROTOBUF",))
    waiting = read.number(values, "OTEL_BSP_MAX_QUEUE_SIZE", 2048, low=1, high=_LONGEST_QUEUE)
    read.number(values, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, low=1, high=waiting)
    read.number(values, "OTEL_BSP_SCHEDULE_DELAY", 5000, low=1, high=600_000)
    return _sampling(values)


def _sampling(values: Mapping[str, str]) -> TracingSettings:
    allowed = (*_SAMPLERS, *(_PARENT_BASED + name for name in _SAMPLERS))
    chosen = read.choice(values, "OTEL_TRACES_SAMPLER", _PARENT_BASED + _RATIO, allowed)
    name = chosen.removeprefix(_PARENT_BASED)
    # All, if only the sampler is set: so the specification has it.
    default = 1.0 if values.get("OTEL_TRACES_SAMPLER", "").strip() else DEFAULT_RATIO
    ratio = {"ALWAYS_ON": 1.0, "ALWAYS_OFF": 0.0}.get(name)
    return TracingSettings(
        ratio=_share(values, "OTEL_TRACES_SAMPLER_ARG", default) if ratio is None else ratio,
        parent_based=chosen != name,
    )


def _share(values: Mapping[str, str], name: str, default: float) -> float:
    text = values.get(name, "").strip()
    try:
        share = float(text) if text else default
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise BadEnvironment(f"{name}: {text!r} is not a number from 0 to 1")
    return share
