"""`EMAIL_URL`: by which way mail goes out.

    smtp://[user:password@]host[:port]       plain, port 25
    smtp+tls://…                             STARTTLS, port 587
    smtps://…                                TLS from the first byte, port 465
                                             ?timeout=20, seconds of each step of the dialogue
    anymail+<provider>://?api_key=…&…        a provider's HTTP API, by django-anymail; the options are those of its
                                             backend, without the provider's name
    file:  or  file:///a/folder              a file for each mail; without a folder in `$OMNIFY_HOME/mail`
    off                                      no mail is written or sent

User, password and options are percent-encoded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_TIMEOUT_SECONDS = 20


class Way(StrEnum):
    """How mail goes out."""

    SMTP = "smtp"
    ANYMAIL = "anymail"
    FILES = "files"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailUrl:
    """What `EMAIL_URL` says. `folder` is None for that of `$OMNIFY_HOME`; `options` are those of a provider."""

    way: Way
    scheme: str = ""
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    timeout: float = _TIMEOUT_SECONDS
    folder: Path | None = None
    provider: str = ""
    options: dict[str, str] = field(default_factory=dict, repr=False)


def read_email_url(text: str) -> EmailUrl:
    """Reads the variable. Raises ValueError with one clause for people, without the password."""
    url = text.strip()
    if url == "off":
        return EmailUrl(way=Way.OFF)
    if url in ("", "file:"):
        return EmailUrl(way=Way.FILES)
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return EmailUrl(way=Way.FILES, folder=Path(unquote(parts.path)))
    if parts.scheme.startswith("anymail+"):
        return _provider(parts.scheme.removeprefix("anymail+"), parts.query)
    if parts.scheme in _PORTS:
        return _smtp(url)
    raise ValueError("it must be off, file:, or start with smtp://, smtp+tls://, smtps:// or anymail+<provider>://")


def _provider(name: str, query: str) -> EmailUrl:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError("anymail+<provider>:// names no provider")
    return EmailUrl(way=Way.ANYMAIL, provider=name.replace("-", "_"), options=dict(parse_qsl(query)))


def _smtp(url: str) -> EmailUrl:
    parts = urlsplit(url)
    try:
        port = parts.port or _PORTS[parts.scheme]
    except ValueError:
        raise ValueError("its port is no number from 1 to 65535") from None
    if not parts.hostname or parts.path.strip("/") or parts.fragment:
        raise ValueError("it is not like smtp+tls://user:password@mail.example.org:587")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("a user needs a password, and a password a user")
    return EmailUrl(
        way=Way.SMTP,
        scheme=parts.scheme,
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        timeout=_timeout(parts.query),
    )


def _timeout(query: str) -> float:
    options = dict(parse_qsl(query, keep_blank_values=True))
    text = options.pop("timeout", str(_TIMEOUT_SECONDS))
    if options:
        raise ValueError(f"{min(options)!r} is no option of it: there is timeout")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not 0 < float(text) <= 120:
        raise ValueError("its timeout is no number of seconds up to 120")
    return float(text)
