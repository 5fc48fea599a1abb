"""The variables of tracing, which are OpenTelemetry's own. The exporter and its queue read the rest of them:
`OTEL_EXPORTER_OTLP_*`, `OTEL_BSP_*`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`. A value that these would silently
replace by a default, or fail at with every span, is refused here, at the start.

Source: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/. One default is ours: without
`OTEL_TRACES_SAMPLER` one registration in a hundred is traced, where the specification has all of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from omnify import environment_values as read
from omnify.common.tracing_settings import TracingSettings
from omnify.environment_values import BadEnvironment

DEFAULT_RATIO = 0.01

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_PARENT_BASED = "parentbased_"
_RATIO = "traceidratio"
_SAMPLERS = ("always_on", "always_off", _RATIO)
_LONGEST_QUEUE = 1_000_000
_EXPORTER = ("OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_")
_COMPRESSIONS = ("none", "gzip", "deflate")
_FILES = ("CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY")
_LIMITS = (
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
)


def read_tracing(values: Mapping[str, str]) -> TracingSettings | None:
    """Returns what is to be traced; None where tracing is off, as it is unless an endpoint or an exporter is set."""
    endpoints = [read.web_address(values, name) for name in _ENDPOINTS]
    exporter = _choice(values, "OTEL_TRACES_EXPORTER", "otlp" if any(endpoints) else "none", ("otlp", "none"))
    if exporter == "none" or read.flag(values, "OTEL_SDK_DISABLED"):
        return None
    for name in _PROTOCOLS:
        _choice(values, name, "http/protobuf", ("http/protobuf",))
    for prefix in _EXPORTER:
        _check_exporter(values, prefix)
    for name in _LIMITS:
        read.number(values, name, 128, low=0, high=_LONGEST_QUEUE)
    waiting = read.number(values, "OTEL_BSP_MAX_QUEUE_SIZE", 2048, low=1, high=_LONGEST_QUEUE)
    read.number(values, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512, low=1, high=waiting)
    read.number(values, "OTEL_BSP_SCHEDULE_DELAY", 5000, low=1, high=600_000)
    read.number(values, "OTEL_BSP_EXPORT_TIMEOUT", 30_000, low=1, high=600_000)
    return _sampling(values)


def _check_exporter(values: Mapping[str, str], prefix: str) -> None:
    """Raises BadEnvironment for what the exporter cannot use, of the variables with this prefix."""
    _choice(values, f"{prefix}COMPRESSION", "none", _COMPRESSIONS)
    timeout = values.get(f"{prefix}TIMEOUT", "").strip()
    if timeout and not 0 < _number(timeout) < math.inf:
        raise BadEnvironment(f"{prefix}TIMEOUT: {timeout!r} is not a number of seconds above 0")
    for name in _FILES:
        path = values.get(f"{prefix}{name}", "").strip()
        if path and not os.access(path, os.R_OK):
            raise BadEnvironment(f"{prefix}{name}: {path!r} is no file that can be read")
    headers = values.get(f"{prefix}HEADERS", "").strip()
    if headers and not all(part.partition("=")[0].strip() and "=" in part for part in headers.split(",")):
        # It is not quoted: it may hold a token.
        raise BadEnvironment(f"{prefix}HEADERS: not like name=value,name=value")


def _sampling(values: Mapping[str, str]) -> TracingSettings:
    allowed = (*_SAMPLERS, *(_PARENT_BASED + name for name in _SAMPLERS))
    chosen = _choice(values, "OTEL_TRACES_SAMPLER", _PARENT_BASED + _RATIO, allowed)
    name = chosen.removeprefix(_PARENT_BASED)
    # All, if only the sampler is set: so the specification has it.
    default = 1.0 if values.get("OTEL_TRACES_SAMPLER", "").strip() else DEFAULT_RATIO
    ratio = {"always_on": 1.0, "always_off": 0.0}.get(name)
    return TracingSettings(
        ratio=_share(values, "OTEL_TRACES_SAMPLER_ARG", default) if ratio is None else ratio,
        parent_based=chosen != name,
    )


def _share(values: Mapping[str, str], name: str, default: float) -> float:
    text = values.get(name, "").strip()
    share = _number(text) if text else default
    if not 0 <= share <= 1:
        raise BadEnvironment(f"{name}: {text!r} is not a number from 0 to 1")
    return share


def _number(text: str) -> float:
    """Returns the number; one that is none is not equal to, below or above any."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _choice(values: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Reads one of the `allowed` words, in small letters, as OpenTelemetry writes them."""
    text = values.get(name, "").strip().lower() or default
    if text not in allowed:
        raise BadEnvironment(f"{name}: {text!r} is not one of {', '.join(allowed)}")
    return text
