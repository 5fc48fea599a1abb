"""`service.env` in the home: how the running service can be reached, written by `make run` at every start."""

from __future__ import annotations

from pathlib import Path

SERVICE_FILE = "service.env"


def read_service_file(home: Path) -> dict[str, str]:
    """Reads what `make run` wrote to the home, so that other programs find the service; empty if it never ran there."""
    try:
        lines = (home / SERVICE_FILE).read_text("utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}
