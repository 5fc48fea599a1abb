"""`python -m omnify_client`: the `omnify` command."""

from __future__ import annotations

import sys

from omnify_client.cli import main

if __name__ == "__main__":
    sys.exit(main())
