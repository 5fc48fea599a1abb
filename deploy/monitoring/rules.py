"""Writes the rules of Prometheus as YAML."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import indent

from deploy.monitoring.alerts import Alert, all_alerts
from deploy.monitoring.objectives import OBJECTIVES, STATES, WINDOWS, over, recorded

RUNBOOKS = "docs/runbooks.md"
_HEAD = """\
# Recording and alerting rules for Prometheus. Written by `python -m deploy.monitoring`; change deploy/monitoring/ and
# run that. docs/runbooks.md says what to do about each alert.
groups:
"""


def rules(*, runbooks: str = RUNBOOKS) -> str:
    """Returns the file of rules. Annotations lead to the headings of the page `runbooks`, a path or an address."""
    recordings = [_recording(name, expression) for name, expression in (*STATES.items(), *_ratios())]
    alerts = [_alert(alert, runbooks) for alert in all_alerts()]
    return _HEAD + _group("omnify-objectives", recordings) + _group("omnify-alerts", alerts)


def _ratios() -> Iterator[tuple[str, str]]:
    for objective in OBJECTIVES:
        for window in WINDOWS:
            yield recorded(objective, window), over(objective.bad, window)


def _group(name: str, entries: list[str]) -> str:
    return f"  - name: {name}\n    rules:\n" + "".join(indent(entry, " " * 6) for entry in entries)


def _recording(name: str, expression: str) -> str:
    return f"- record: {name}\n  expr: {_quoted(expression)}\n"


def _alert(alert: Alert, runbooks: str) -> str:
    labels = {"severity": alert.severity} | ({"window": alert.window} if alert.window else {})
    annotations = {"summary": alert.summary, "runbook_url": f"{runbooks}#{alert.name.lower()}"}
    return (
        f"- alert: {alert.name}\n  expr: {_quoted(alert.expression)}\n"
        + (f"  for: {alert.lasting}\n" if alert.lasting else "")
        + f"  labels:\n{_mapping(labels)}  annotations:\n{_mapping(annotations)}"
    )


def _mapping(values: dict[str, str]) -> str:
    return "".join(f"    {name}: {_quoted(value)}\n" for name, value in values.items())


def _quoted(text: str) -> str:
    """Returns a YAML scalar: a JSON string is one, and what holds no quotes reads better in single ones."""
    return json.dumps(text) if "'" in text else f"'{text}'"
