"""Alert rules, dashboard and runbooks belong together, and are what the code writes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter

import pytest
import yaml

from deploy.monitoring import dashboard, rules
from deploy.monitoring.objectives import BURNS, OBJECTIVES
from events.api.metrics_from_zero import _MAIL_OUTCOMES
from tests.support.monitoring import DASHBOARD, ROOT, RULES, alerts, expressions, queries
from tests.support.promql import asked, missing
from worker.mail.answers import Verdict
from worker.mail.context import SKIPPED

RUNBOOKS = (ROOT / "docs" / "runbooks.md").read_text("utf-8")
CASES = ROOT / "deploy" / "prometheus" / "omnify.test.yml"
PARTS = ("**Means:**", "**The crowd notices:**", "**Look at:**", "**Do:**")


def sections() -> dict[str, str]:
    """The runbook of each alert, by its heading."""
    _, *parts = re.split(r"(?m)^## ", RUNBOOKS)
    return {heading: text for heading, _, text in (part.partition("\n") for part in parts)}


def test_the_files_are_what_the_code_writes() -> None:
    assert RULES.read_text("utf-8") == rules.rules(), "python -m deploy.monitoring"
    assert DASHBOARD.read_text("utf-8") == dashboard.build(), "python -m deploy.monitoring"


def test_every_alert_has_a_runbook_that_says_what_to_do_and_no_runbook_is_left_over() -> None:
    assert set(sections()) == {rule["alert"] for rule in alerts()}
    for rule in alerts():
        assert rule["annotations"]["runbook_url"] == f"docs/runbooks.md#{rule['alert'].lower()}"
    for heading, text in sections().items():
        assert [part for part in PARTS if part not in text] == [], heading


def test_runbooks_name_only_commands_services_and_pages_that_exist() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    named = set(re.findall(r"manage\.py (\w+)", RUNBOOKS))
    assert {name for name in named if not (ROOT / "events/management/commands" / f"{name}.py").exists()} == set()
    asked_for = re.findall(r"docker compose (?:exec|restart|stop|run --rm) (\w+)", RUNBOOKS)
    listed = re.findall(r"docker compose (?:ps|up --detach|logs(?: --(?:since|tail) \w+)?) ((?:[a-z]+ ?)+)", RUNBOOKS)
    assert set(asked_for) | {name for names in listed for name in names.split()} <= set(services)
    links = re.findall(r"\]\(([^)]+)\)", RUNBOOKS)
    headings = {f"#{heading.lower()}" for heading in sections()}
    lost = {link for link in links if link.startswith("#") and link not in headings}
    assert lost | {link for link in links if not (ROOT / "docs" / link.split("#")[0]).exists()} == set()


def test_each_objective_has_an_alert_for_each_burn_rate() -> None:
    found = Counter(rule["alert"] for rule in alerts() if "window" in rule["labels"])
    assert found == {objective.alert: len(BURNS) for objective in OBJECTIVES}


def test_what_the_dashboard_asks_is_promql_and_its_legends_name_labels_that_are_there() -> None:
    for query in queries():
        grouped = {label for one in asked(query["expr"]) for label in one.labels}
        # Quantiles are of all buckets together.
        assert set(re.findall(r"{{(\w+)}}", query["legendFormat"])) == grouped - {"le"}, query["expr"]


def test_a_metric_or_label_that_is_not_there_is_found() -> None:
    there = {("omnify_up", (("store", "redis"),)): 1.0}
    right = ['min by (store) (omnify_up{store="redis"})', "omnify:recorded"]
    assert missing(right, metrics=there, recorded=["omnify:recorded"]) == []
    for wrong in ("omnify_down", 'omnify_up{store="mongo"}', "sum by (node) (omnify_up)", "omnify:gone"):
        assert len(missing([f"1 - sum(rate(({wrong})[5m:])) / 2"], metrics=there)) == 1, wrong


def test_every_outcome_of_a_mail_is_counted_from_zero() -> None:
    assert set(_MAIL_OUTCOMES) == {*Verdict, SKIPPED}


def test_each_alert_has_a_case_that_fires_it() -> None:
    cases = yaml.safe_load(CASES.read_text("utf-8"))["tests"]
    shown = [str(one) for case in cases for one in case["promql_expr_test"] if one["exp_samples"]]
    assert [rule["alert"] for rule in alerts() if not any(rule["alert"] in one for one in shown)] == []
    # And each case has a moment at which nothing is wrong.
    assert all(any(one["exp_samples"] == [] for one in case["promql_expr_test"]) for case in cases)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here (Debian: prometheus)")
def test_alerts_fire_in_their_trouble_and_not_before() -> None:
    for command in (["check", "rules", RULES], ["test", "rules", CASES]):
        done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_no_expression_looks_at_series_of_another_program() -> None:
    assert {one.metric.split("_")[0].split(":")[0] for text in expressions() for one in asked(text)} == {"omnify"}
