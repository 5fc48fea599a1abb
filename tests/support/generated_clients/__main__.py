"""The command: makes the clients in a folder of its own, and says what each has done at the service."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from tests.support.generated_clients.make import MAKERS

if __name__ == "__main__":
    url, event, *wanted = sys.argv[1:]
    for name in wanted or MAKERS:
        with tempfile.TemporaryDirectory() as folder:
            print(name, MAKERS[name](Path(folder), url, int(event), os.environ["OMNIFY_TOKEN"]))
