"""The service does what its OpenAPI document says, with every check of schemathesis on, and no operation left out."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.api_schema.objects import OUT_OF_REACH, Objects
from tests.support.api_schema.run import Run, run_schemathesis
from tests.support.service.processes import Service

pytestmark = pytest.mark.acceptance

# Examples and coverage take about half of it. The rest is for generated cases: 40 of each took over five minutes.
SECONDS = "100"


def test_the_service_is_what_its_document_says(service: Service, tmp_path: Path) -> None:
    """The same few cases each time; the soak has all of them, and others."""
    options = ("--phases", "examples,coverage", "--seed", "1", "--max-examples", "2")
    run = check(service, tmp_path, options, share=10)
    assert run.code == 0, run.output
    assert {name for name in run.asked if not run.reached[name]} == set(OUT_OF_REACH), "operations without a 2xx"
    document = json.loads(service.address.ask("GET", "/schema").body)
    assert len(run.asked) == sum(map(len, document["paths"].values())), "operations that were not tried"


@pytest.mark.soak(only=True)
def test_it_is_with_other_cases_too(service: Service, tmp_path: Path) -> None:
    """Random ones, and those that follow links. That what the document allows is accepted is held above alone: of
    random texts a few break rules that no schema can say (which characters are assigned, what goes with what)."""
    seed = random.SystemRandom().randrange(2**31)
    options = ("--phases", "examples,coverage,fuzzing,stateful", "--seed", str(seed), "--max-time", SECONDS)
    options = (*options, "--exclude-checks", "positive_data_acceptance")
    run = check(service, tmp_path, (*options, "--continue-on-failure"))
    assert run.code == 0, f"seed {seed}\n{run.output}"


def check(service: Service, folder: Path, options: Sequence[str], *, share: int = 1) -> Run:
    """As an organizer of its own, whose objects are all that there is."""
    with service.another_organizer(service.new_organizer("Schema")):
        return run_schemathesis(service, folder, Objects(service).make(), *options, share=share)
