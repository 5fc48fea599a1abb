"""Makes a client of the document that a service shows, compiles it as strictly as its language can, and uses it.

What a generator warns of is a fault of the document, and raises.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent

Used = dict[str, Any]


class BadClient(Exception):
    """A command has failed, or a generator has complained; the message is what it said."""


def typescript(folder: Path, url: str, event_id: int, token: str) -> Used:
    """openapi-typescript and openapi-fetch, compiled with `strict`. Needs npm, and the packages from its registry."""
    shutil.copytree(_HERE / "typescript", folder, dirs_exist_ok=True)
    _run(folder, "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
    said = _run(folder, "npx", "--no-install", "openapi-typescript", f"{url}/schema", "--output", "schema.ts")
    _no_warning(said)
    _run(folder, "npx", "--no-install", "tsc")
    return _used(_run(folder, "node", "use.js", url, str(event_id), token=token))


def python(folder: Path, url: str, event_id: int, token: str) -> Used:
    """openapi-python-client, checked by mypy with `--strict`."""
    config = folder / "config.yaml"
    config.write_text("package_name_override: omnify_generated\npost_hooks: []\n", "ascii")
    generator = (sys.executable, "-m", "openapi_python_client", "generate", "--url", f"{url}/schema")
    said = _run(folder, *generator, "--config", str(config), "--meta", "none", "--output-path", "omnify_generated")
    _no_warning(said)
    shutil.copy(_HERE / "python" / "use.py.txt", folder / "use.py")
    _run(folder, sys.executable, "-m", "mypy", "--config-file", "", "--strict", "use.py")
    return _used(_run(folder, sys.executable, "use.py", url, str(event_id), token=token))


MAKERS: Mapping[str, Callable[[Path, str, int, str], Used]] = {"typescript": typescript, "python": python}


def _run(folder: Path, *command: str, token: str = "") -> str:
    environment = {**os.environ, "OMNIFY_TOKEN": token}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BadClient(f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def _no_warning(said: str) -> None:
    if "warning" in said.lower():
        raise BadClient(said)


def _used(said: str) -> Used:
    found: Used = json.loads(said)
    return found
