"""The files of `deploy/` for Prometheus and Grafana, read as those two read them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "deploy" / "prometheus" / "omnify.rules.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "omnify.json"


def rules() -> list[dict[str, Any]]:
    """Returns recording and alerting rules."""
    return [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]


def recorded() -> list[str]:
    """Returns the names of the series that recording rules make."""
    return [rule["record"] for rule in rules() if "record" in rule]


def alerts() -> list[dict[str, Any]]:
    """Returns alerting rules."""
    return [rule for rule in rules() if "alert" in rule]


def queries() -> Iterator[dict[str, str]]:
    """Returns every query of the dashboard."""
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        yield from panel.get("targets", [])


def expressions() -> list[str]:
    """Returns every expression of both."""
    return [*(rule["expr"] for rule in rules()), *(query["expr"] for query in queries())]
