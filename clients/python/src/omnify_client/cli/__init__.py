"""The `omnify` command: `events`, `register`, `watch`, `listen`, `rehearse`.

It ends with 0 if all went well, 1 if the service refused or was out of reach, 2 if it was called wrongly, and 130 after
Ctrl-C. With `--json` each line of output is a JSON object.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from omnify_client.cli import commands, listen, rehearse
from omnify_client.errors import OmnifyError

URL, TOKEN = "OMNIFY_URL", "OMNIFY_TOKEN"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command, and returns its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    options = parser.parse_args(given)
    options.url = options.url or os.environ.get(URL)
    options.token = options.token or os.environ.get(TOKEN)
    try:
        if options.command == "rehearse":
            return rehearse.run(options)
        if options.command == "listen":
            return listen.run(options)
        if not options.url:
            parser.error(f"where is the service? Give --url, or set {URL}")
        return commands.run(options)
    except (OmnifyError, ValueError) as problem:
        print(f"omnify: {problem}", file=sys.stderr)
        return 1 if isinstance(problem, OmnifyError) else 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has seen enough: `omnify events | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="omnify", description="Registers with an Omnify service, and more.")
    _common(parser, default=None)
    adding = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (*commands.add_commands(adding), *listen.add_commands(adding)):
        # Again behind the command; what is not given there must not undo what came before.
        _common(command, default=argparse.SUPPRESS)
    rehearse.add_command(adding)
    return parser


def _common(parser: argparse.ArgumentParser, *, default: object) -> None:
    parser.add_argument("--url", default=default, help=f"the service's URL (default: ${URL})")
    parser.add_argument("--token", default=default, help=f"an organizer's token (default: ${TOKEN}, which is safer)")
    parser.add_argument(
        "--json",
        action="store_true",
        default=False if default is None else default,
        help="print JSON, one object a line",
    )
