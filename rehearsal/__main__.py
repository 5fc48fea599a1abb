"""`python -m rehearsal`: a rehearsal from a machine that has no settings of the service, only its
address.
"""

from __future__ import annotations

import argparse
import sys

from rehearsal.main import run
from rehearsal.options import add_arguments


def main(program: str = "python -m rehearsal") -> int:
    """Runs a rehearsal from the command line, where it is called `program`. Returns its exit code."""
    parser = argparse.ArgumentParser(prog=program)
    add_arguments(parser)
    return run(vars(parser.parse_args()), out=sys.stdout, err=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
