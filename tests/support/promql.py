"""What an expression of PromQL asks for: metrics, values of labels, and labels that it groups by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import promql_parser as promql

from tests.support.service.metrics import Metrics

# Prometheus and its rules add these.
_GIVEN = {"instance", "job"}


@dataclass(slots=True)
class Asked:
    """One selector: its metric, its matchers as functions of a value, and the labels that are grouped by."""

    metric: str
    matchers: dict[str, re.Pattern[str]] = field(default_factory=dict)
    labels: set[str] = field(default_factory=set)


def asked(expression: str) -> list[Asked]:
    """Returns what an expression selects. Raises ValueError if it is no PromQL."""
    return list(_walk(promql.parse(expression.replace("$__rate_interval", "5m")), frozenset()))


def missing(expressions: Iterable[str], *, metrics: Metrics, recorded: Iterable[str] = ()) -> list[str]:
    """Returns a sentence for each metric or label that neither `/metrics` nor a recording rule has."""
    series: dict[str, list[Mapping[str, str]]] = {}
    for name, labels in metrics:
        series.setdefault(name, []).append(dict(labels))
    rules = set(recorded)
    return [
        sentence
        for expression in expressions
        for one in asked(expression)
        if one.metric not in rules
        for sentence in _problems(one, series.get(one.metric, []), expression)
    ]


def _problems(one: Asked, series: list[Mapping[str, str]], expression: str) -> Iterator[str]:
    if not series:
        yield f"{expression}: there is no {one.metric}"
        return
    for label, pattern in one.matchers.items():
        if not any(pattern.fullmatch(labels.get(label, "")) for labels in series):
            yield f"{expression}: no {one.metric} has {label}={pattern.pattern}"
    for label in one.labels - _GIVEN:
        if not any(label in labels for labels in series):
            yield f"{expression}: {one.metric} has no label {label}"


def _walk(part: object, labels: frozenset[str]) -> Iterator[Asked]:
    if isinstance(part, promql.VectorSelector):
        found = {matcher.name: _pattern(matcher) for matcher in part.matchers.matchers}
        yield Asked(part.name or "", found, set(labels))
    elif isinstance(part, promql.MatrixSelector):
        yield from _walk(part.vector_selector, labels)
    elif isinstance(part, promql.AggregateExpr):
        yield from _walk(part.expr, labels | set(part.modifier.labels if part.modifier else ()))
    elif isinstance(part, promql.BinaryExpr):
        yield from _walk(part.lhs, labels)
        yield from _walk(part.rhs, labels)
    elif isinstance(part, promql.ParenExpr | promql.UnaryExpr | promql.SubqueryExpr):
        yield from _walk(part.expr, labels)
    elif isinstance(part, promql.Call):
        for argument in part.args:
            yield from _walk(argument, labels)


def _pattern(matcher: promql.Matcher) -> re.Pattern[str]:
    exact = matcher.op == promql.MatchOp.Equal
    assert exact or matcher.op == promql.MatchOp.Re, f"{matcher}: not looked at by this"
    return re.compile(re.escape(matcher.value) if exact else matcher.value)
