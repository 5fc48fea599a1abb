"""Runs a rehearsal from its arguments to its exit code, for `manage.py rehearse` and `python -m rehearsal`."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any, TextIO

from rich.console import Console

from rehearsal.display import Live, announce, as_json, report, show_proofs
from rehearsal.draws import GUESTS, SEATS, rehearse_draws
from rehearsal.options import Options, read_options
from rehearsal.organizer import Unusable
from rehearsal.process import CrowdFailed
from rehearsal.runner import rehearse

KEPT, BROKEN, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def run(given: Mapping[str, Any], *, out: TextIO, err: TextIO) -> int:
    """Runs a rehearsal. Returns 0 if every proof holds, 1 if one fails, 2 if it cannot run, 130 if interrupted."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every call, into the live progress
    complaints = Console(file=err, highlight=False, soft_wrap=True, markup=False)
    try:
        options = read_options(given, environ=os.environ)
        console = Console(file=out)
        if options.draws:
            return _draws(options, console)
        announce(console=console, options=options)
        with Live(console=console, registrations=options.registrations, seats=options.seats) as live:
            outcome = rehearse(options=options, progress=live.show)
        report(console=console, outcome=outcome)
        if options.json_file is not None:
            options.json_file.write_bytes(as_json(options=options, outcome=outcome))
    except (Unusable, CrowdFailed) as problem:
        complaints.print(f"rehearse: {problem}")
        return UNUSABLE
    except KeyboardInterrupt:
        complaints.print("rehearse: interrupted")
        return INTERRUPTED
    return KEPT if all(proof.ok for proof in outcome.proofs) else BROKEN


def _draws(options: Options, console: Console) -> int:
    console.print(
        f"{options.draws} draws of {SEATS} seats among {GUESTS} people each at {options.url}", highlight=False
    )
    proofs = rehearse_draws(options)
    show_proofs(console, proofs)
    return KEPT if all(proof.ok for proof in proofs) else BROKEN
