"""The figures of a rehearsal, and how they are shown."""

from __future__ import annotations

import io
import json

from rich.console import Console

from rehearsal.display import Live, as_json, report
from rehearsal.figures import measure, spread
from rehearsal.options import read_options
from rehearsal.proofs import Proof
from rehearsal.records import Observation, Tally
from rehearsal.runner import Outcome
from tests.support.rehearsal.arguments import ARGUMENTS
from tests.support.rehearsal.simulation import simulate


def outcome(*proofs: Proof, retries: dict[str, int] | None = None) -> Outcome:
    seen: Observation = simulate(people=20, seats=5, duplicates=2, overlap=2, lag=4, door_knows=False)
    return Outcome(7, measure(seen=seen, tally=Tally(retries=retries or {})), list(proofs))


def shown(result: Outcome) -> str:
    out = io.StringIO()
    report(console=Console(file=out, width=120), outcome=result)
    return out.getvalue()


def test_percentiles_are_values_that_occurred() -> None:
    values = spread([float(value) for value in range(100, 0, -1)])
    assert values is not None
    assert (values.p50, values.p99, values.longest) == (50.0, 99.0, 100.0)
    assert spread([]) is None


def test_answers_and_tickets_are_counted_by_what_they_say() -> None:
    figures = outcome().figures
    assert figures.registrations == 22
    assert figures.answers == {"202": figures.accepted, "409 sold_out": 22 - figures.accepted}
    assert figures.statuses["confirmed"] == 5
    assert figures.statuses["rejected duplicate"] == 1
    assert sum(figures.statuses.values()) == figures.accepted


def test_rates_are_counts_over_the_time_from_first_to_last() -> None:
    figures = outcome().figures
    assert figures.answered_per_second == round(22 / 22.5, 1)


def test_every_proof_has_a_line_with_its_mark() -> None:
    text = shown(outcome(Proof("Good", True, "as it should be"), Proof("Bad", False, "sequence 4 [bold]")))
    assert "✓ Good: as it should be" in text
    assert "✗ Bad: sequence 4 [bold]" in text


def test_a_rate_limit_in_the_way_is_explained() -> None:
    assert "in front of the service limits each address" in shown(outcome(retries={"429": 5}))
    assert "REGISTER_RATE_LIMIT" not in shown(outcome(retries={"503": 5}))


def test_the_file_holds_figures_and_proofs_and_no_token() -> None:
    options = read_options({**ARGUMENTS, "token": "very-secret"}, environ={})
    text = as_json(options=options, outcome=outcome(Proof("Good", True, "yes"))).decode()
    body = json.loads(text)
    assert body["proofs"] == [{"name": "Good", "ok": True, "detail": "yes"}]
    assert body["asked"]["people"] == 100
    assert "very-secret" not in text


def test_without_a_terminal_the_progress_is_plain_lines() -> None:
    out = io.StringIO()
    with Live(console=Console(file=out), registrations=10, seats=5, plain_seconds=0) as live:
        live.show(Tally(4, 3, 1, {"503": 2}), 1)
    assert out.getvalue() == "answered 4/10  decided 1/3  seated 1/5  tried again: 2 x 503\n"
