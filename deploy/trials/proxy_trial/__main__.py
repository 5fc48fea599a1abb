"""`deploy/proxy-trial`: tries nginx, Caddy and HAProxy, with the files of `deploy/proxies`, before the service.

    deploy/proxy-trial                          all three: five to ten minutes
    deploy/proxy-trial --proxies caddy          one of them
    deploy/proxy-trial --streams 1000           fewer open streams

Prints a line for each thing that was tried. Exit code 0: all of it held. 1: something did not. 77: there is no proxy.
Everything it needs it starts, in a folder of its own, and takes down; nothing is installed.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from deploy.trials.proxy_trial.proxies import KINDS
from deploy.trials.proxy_trial.run import Run
from deploy.trials.report import USAGE, Trial

STREAMS = 10_000
SECONDS = 900


def main(arguments: list[str] | None = None) -> int:
    """Runs the trial. Returns the exit code."""
    given = _parser().parse_args(arguments)
    unknown = set(given.proxies) - set(KINDS)
    if unknown:
        sys.stderr.write(f"proxy-trial: {', '.join(sorted(unknown))}: not one of {', '.join(KINDS)}\n")
        return USAGE
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with Trial("proxy-trial", seconds=given.seconds) as trial:
        folder = Path(tempfile.mkdtemp(prefix="proxy-trial-"))
        trial.leaves_nothing(lambda: [str(folder)] if folder.exists() else [])
        trial.afterwards(lambda: shutil.rmtree(folder))
        # PostgreSQL, which is not run as root, must get to its own folder in it.
        folder.chmod(0o711)
        stack = ExitStack()
        run = Run(trial, folder, stack, streams=given.streams)
        if given.keep:
            trial.afterwards(lambda: run.keep(given.keep))
        trial.afterwards(stack.close)
        run.all(given.proxies)
    return trial.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deploy/proxy-trial", description="Tries proxies in front of the service.")
    parser.add_argument("--proxies", type=lambda text: text.split(","), default=list(KINDS), help="which, with commas")
    parser.add_argument("--streams", type=int, default=STREAMS, help=f"open at once (default: {STREAMS})")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"give up after these (default: {SECONDS})")
    parser.add_argument("--keep", type=Path, help="copy the logs of the proxies and the service to this folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
