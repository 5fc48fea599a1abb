"""`python -m rehearsal`: a rehearsal from a machine that has no settings of the service, only its
address.
"""

from __future__ import annotations

import argparse
import sys

from rehearsal.main import run
from rehearsal.options import add_arguments

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m rehearsal")
    add_arguments(parser)
    sys.exit(run(vars(parser.parse_args()), out=sys.stdout, err=sys.stderr))
