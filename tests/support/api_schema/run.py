"""Runs schemathesis in a process of its own: it has hooks and state for the whole process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omnify.embedded.programs import ROOT
from tests.support.service.processes import Service

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How it ended. `reached`: by operation, how many of its answers were a 2xx."""

    code: int
    output: str
    asked: Mapping[str, int]
    reached: Mapping[str, int]


def run_schemathesis(
    service: Service, folder: Path, cases: Mapping[str, Sequence[Any]], *options: str, share: int = 1
) -> Run:
    """Runs all checks over the document that the service shows. With a `share`, of the phase `coverage` it tries
    that part alone: of the operations that `few.toml` leaves, one case in so many."""
    tokens = service.address.ask("GET", "/tokens", None, {"Authorization": f"Bearer {service.token()}"}).data["results"]
    reached = folder / "reached.json"
    given = {
        "cases": cases,
        "token_id": next(token["id"] for token in tokens if token["current"]),
        "share": share,
        "reached": str(reached),
    }
    file = folder / "cases.json"
    file.write_text(json.dumps(given), "utf-8")
    command = [
        *(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "--config-file",
            str(_HERE / ("few.toml" if share > 1 else "all.toml")),
            "run",
        ),
        *(
            f"http://{service.address.host}:{service.address.port}/schema",
            "--checks",
            "all",
            "--no-color",
            "--warnings",
            "off",
        ),
        *("--header", f"Authorization: Bearer {service.token()}", *options),
    ]
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.support.api_schema.hooks",
        "OMNIFY_SCHEMA_CASES": str(file),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    counted = json.loads(reached.read_text("utf-8")) if reached.exists() else {"asked": {}, "succeeded": {}}
    return Run(
        code=done.returncode,
        output=done.stdout + done.stderr[-2000:],
        asked=counted["asked"],
        reached=counted["succeeded"],
    )
