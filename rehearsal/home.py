"""Reads the running service's address and the organizer's token from `$OMNIFY_HOME`."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from omnify.common.service_file import read_service_file

TOKEN_FILE = "organizer-token"  # noqa: S105 - a file name


class NotStored(ValueError):
    """The value is neither in the environment nor in the home. The message is one line for the user."""


def stored_address(environ: Mapping[str, str]) -> str:
    """Returns the address of the service started by `make run`: from the environment, else from the home, where it
    writes at every start which port it has.

    Raises:
        NotStored: no service was started from this home, or it does not run any more.
    """
    home = _home(environ)
    if given := environ.get("SERVICE_URL"):
        return given
    address = read_service_file(home).get("SERVICE_URL", "")
    if not address:
        raise NotStored(f"no service was started from {home}: `make run` starts one, OMNIFY_HOME names another home")
    if not _listens(address):
        raise NotStored(f"nothing listens on {address}, where the service of {home} was last: `make run` starts it")
    return address


def _listens(address: str) -> bool:
    """Tells whether a server accepts connections there."""
    place = urlsplit(address)
    try:
        socket.create_connection((place.hostname or "", place.port or 80), timeout=5).close()
    except OSError:
        return False
    return True


def stored_token(environ: Mapping[str, str]) -> str:
    """Returns the organizer's token: from the environment, else from the home.

    Raises:
        NotStored: there is none.
    """
    path = _home(environ) / TOKEN_FILE
    try:
        token = environ.get("OMNIFY_TOKEN") or path.read_text("ascii").strip()
    except (OSError, ValueError):
        token = ""
    if not token:
        raise NotStored(f"no organizer token: give --token or set OMNIFY_TOKEN ({path} has none)")
    return token


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("OMNIFY_HOME") or ".omnify")
