"""Values of the environment's variables, each read as what it stands for.

What cannot be used raises BadEnvironment, whose message names the variable and goes to the operator as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from events.domain.rate_limit import RateLimit, parse_rate_limit
from events.domain.webhooks.url import Network, read_networks

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}

# Of a page (RFC 6454, 6.2), or of an application that is one: `capacitor://localhost`.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


class BadEnvironment(Exception):
    """A variable of the environment is missing or has a value that cannot be used."""


def flag(values: Mapping[str, str], name: str) -> bool:
    """Reads true or false; false where it is not set."""
    text = values.get(name, "").strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise BadEnvironment(f"{name}: {text!r} is neither true nor false")


def number(values: Mapping[str, str], name: str, default: int, *, low: int, high: int) -> int:
    """Reads a whole number from `low` to `high`."""
    text = values.get(name, "").strip() or str(default)
    if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
        raise BadEnvironment(f"{name}: {text!r} is not a whole number from {low} to {high}")
    return int(text)


def days_or_off(values: Mapping[str, str], name: str, default: int) -> int | None:
    """Parses whole days from 1; returns None for `off`."""
    if values.get(name, "").strip().lower() == "off":
        return None
    return number(values, name, default, low=1, high=36_500)


def choice(values: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    """Reads one of the `allowed` words, in capitals."""
    text = (values.get(name) or default).strip().upper()
    if text not in allowed:
        raise BadEnvironment(f"{name}: {text!r} is not one of {', '.join(allowed)}")
    return text


def rate_limit(values: Mapping[str, str], variable: str, default: str, *, name: str) -> RateLimit | None:
    """Reads a limit like `30/minute`; None for `off`. `name` is what the limit is of."""
    try:
        return parse_rate_limit(values.get(variable, "").strip() or default, name=name)
    except ValueError as problem:
        raise BadEnvironment(f"{variable}: {problem}") from problem


def networks(values: Mapping[str, str], name: str) -> tuple[Network, ...]:
    """Reads networks with commas between them."""
    try:
        return read_networks(values.get(name, ""))
    except ValueError as problem:
        raise BadEnvironment(f"{name}: {problem}") from problem


def address(values: Mapping[str, str], name: str, default: str, read: Callable[[str], object]) -> str:
    """Reads the address of a store, which `read` refuses with a ValueError if it cannot be used."""
    url = values.get(name) or default
    try:
        read(url)
    except ValueError as problem:
        raise BadEnvironment(f"{name}: {problem}") from problem
    return url


def web_address(values: Mapping[str, str], name: str) -> str:
    """Reads the address of a web server, with or without a path; empty where it is not set."""
    url = values.get(name, "").strip().rstrip("/")
    if url and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", url):
        raise BadEnvironment(f"{name}: {url!r} is not like https://api.example.com")
    return url


def origins(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Reads the origins of pages, with commas between, as browsers write them; `*` alone is any."""
    found = tuple(dict.fromkeys(split(values.get(name, ""))))
    if found == ("*",):
        return found
    for origin in found:
        if not _ORIGIN.fullmatch(origin) or origin.endswith(_USUAL_PORTS.get(origin.partition(":")[0], "/")):
            raise BadEnvironment(
                f"{name}: {origin!r} is not an origin as browsers send it, like https://www.example.com: scheme and"
                " host in lower case, a port only if it is not the scheme's own, nothing behind; or * alone for any"
            )
    return found


def port_of(values: Mapping[str, str], name: str) -> int | None:
    """Reads the port of an address like `127.0.0.1:9000`; None where it is not set."""
    text = values.get(name, "").strip()
    if not text:
        return None
    port = text.rpartition(":")[2]
    if ":" not in text or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise BadEnvironment(f"{name}: {text!r} is not an address and a port like 127.0.0.1:9000")
    return int(port)


def bind(values: Mapping[str, str], name: str) -> tuple[str, int] | None:
    """Reads an address like `127.0.0.1:9000` as a host and a port; None where it is not set."""
    port = port_of(values, name)
    return None if port is None else (values[name].strip().rpartition(":")[0].strip("[]"), port)


def token(values: Mapping[str, str], name: str) -> str:
    """Reads a token of at least 16 characters; empty where it is not set."""
    token = values.get(name, "").strip()
    if token and not re.fullmatch(r"[!-~]{16,}", token):
        raise BadEnvironment(f"{name}: at least 16 characters are needed, without spaces")
    return token


def key_bytes(name: str, text: str) -> bytes:
    """Reads the 32 bytes of a key from their hexadecimal digits."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", text):
        raise BadEnvironment(f"{name}: 64 hexadecimal digits are needed (`openssl rand -hex 32`)")
    return bytes.fromhex(text)


def split(text: str) -> list[str]:
    """Returns the words between the commas."""
    return [word.strip() for word in text.split(",") if word.strip()]
