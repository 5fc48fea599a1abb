"""`omnify rehearse`: sends a crowd to a service, and proves from outside that it kept its promises.

The rehearsal is the project's own (docs/rehearsal.md): a wheel has a copy of it in `rehearsal_program`, made when the
wheel is built, which runs as a process of its own and shares nothing with this client.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from omnify_client.cli.commands import Adding

PROGRAM = Path(__file__).parents[1] / "rehearsal_program"
# What the extra `rehearse` brings, as modules.
NEEDED = ("aiohttp", "cryptography", "httpx", "msgspec", "py_ecc", "rich", "standardwebhooks", "uvloop")


def add_command(adding: Adding) -> None:
    """Adds the command. All that is behind it is for the rehearsal, which has options of its own and `--help`."""
    # With no prefix in use, options are words like others.
    help_text = "send a crowd, and prove the result of every registration"
    command = adding.add_parser("rehearse", help=help_text, add_help=False, prefix_chars="\0")
    command.add_argument("words", nargs="*")


def run(options: argparse.Namespace) -> int:
    """Runs the rehearsal, and returns its exit code."""
    if not PROGRAM.is_dir():
        raise ValueError("this is a checkout, without a rehearsal: `manage.py rehearse` is the same")
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ValueError(
            f"a rehearsal needs more packages: pip install 'omnify-client[rehearse]' ({', '.join(missing)})"
        )
    # A token in the environment is in no list of processes.
    environment = {**os.environ, **({"OMNIFY_TOKEN": options.token} if options.token else {})}
    url = ["--url", options.url] if options.url else []
    command = [sys.executable, str(PROGRAM), *url, *options.words]
    with subprocess.Popen(command, env=environment) as program:
        while True:
            try:
                return program.wait()
            except KeyboardInterrupt:
                continue  # the terminal has told it too, and it says how far it came
