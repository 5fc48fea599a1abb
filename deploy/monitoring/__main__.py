"""Writes what Prometheus and Grafana are given: `python -m deploy.monitoring [--runbooks ADDRESS]`.

ADDRESS is where people read docs/runbooks.md, such as https://git.example.org/omnify/docs/runbooks.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deploy.monitoring.dashboard import build
from deploy.monitoring.rules import RUNBOOKS, rules

DEPLOY = Path(__file__).resolve().parent.parent


def main() -> None:
    """Writes both files."""
    parser = argparse.ArgumentParser(prog="python -m deploy.monitoring", description=__doc__.partition(":")[0])
    parser.add_argument("--runbooks", default=RUNBOOKS, metavar="ADDRESS", help="what annotations of alerts lead to")
    chosen = parser.parse_args()
    (DEPLOY / "prometheus" / "omnify.rules.yml").write_text(rules(runbooks=chosen.runbooks), "utf-8")
    (DEPLOY / "grafana" / "omnify.json").write_text(build(), "utf-8")


if __name__ == "__main__":
    main()
