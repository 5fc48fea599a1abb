"""What the running service has left in its home: its address and the organizer's token."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from omnify.common.service_file import read_service_file

TOKEN_FILE = "organizer-token"  # noqa: S105 - a file name


class NothingKept(ValueError):
    """The home does not have it; the message is one line for people."""


def kept_address(environ: Mapping[str, str]) -> str:
    """The address of the service that `make run` has started: from the environment, else from the home.

    Raises:
        NothingKept: no service was started from this home.
    """
    home = _home(environ)
    address = environ.get("SERVICE_URL") or read_service_file(home).get("SERVICE_URL", "")
    if not address:
        raise NothingKept(f"no service was started from {home}: `make run` starts one, OMNIFY_HOME names another home")
    return address


def kept_token(environ: Mapping[str, str]) -> str:
    """The organizer's token, from the environment, else from the home.

    Raises:
        NothingKept: there is none.
    """
    path = _home(environ) / TOKEN_FILE
    try:
        token = environ.get("OMNIFY_TOKEN") or path.read_text("ascii").strip()
    except (OSError, ValueError):
        token = ""
    if not token:
        raise NothingKept(f"no organizer token: give --token or set OMNIFY_TOKEN ({path} has none)")
    return token


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("OMNIFY_HOME") or ".omnify")
