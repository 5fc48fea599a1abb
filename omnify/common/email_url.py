"""`EMAIL_URL`: by which way mail goes out.

    smtp://[user:password@]host[:port]       plain, port 25
    smtp+tls://…                             STARTTLS, port 587
    smtps://…                                TLS from the first byte, port 465
    anymail+<provider>://?api_key=…&…        a provider's HTTP API, by django-anymail; the options (`_PROVIDER_OPTIONS`)
                                             are those of its backend, without the provider's name
    file:  or  file:///a/folder              a file for each mail; without a folder in `$OMNIFY_HOME/mail`
    off                                      no mail is written or sent

The first four take ?timeout=20, the seconds of each step of a dialogue. User, password and options are
percent-encoded: a `+` is `%2B`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_TIMEOUT_SECONDS = 20
# What a provider needs to know of its customer. The other options of anymail could make a mail look sent that is not
# (`fail_silently`, `ignore_recipient_status`, `use_bulk_api`), or write mails into the log (`debug_api_requests`).
_PROVIDER_OPTIONS = frozenset(
    {
        *("api_key", "api_token", "api_url", "message_stream", "project_id", "region", "sandbox_id", "secret_key"),
        *("sender_domain", "server_token", "subaccount"),
    }
)


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
        return _provider(parts)
    if parts.scheme in _PORTS:
        return _smtp(url)
    raise ValueError("it must be off, file:, or start with smtp://, smtp+tls://, smtps:// or anymail+<provider>://")


def _provider(parts: SplitResult) -> EmailUrl:
    name = parts.scheme.removeprefix("anymail+")
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError("anymail+<provider>:// names no provider")
    if parts.netloc or parts.path or parts.fragment:
        raise ValueError("of a provider it has only options, behind the question mark; a # is written %23")
    timeout, options = _options(parts.query, known=_PROVIDER_OPTIONS)
    for option, value in options.items():
        if not re.fullmatch("[!-~]+", value):
            raise ValueError(f"its {option} is empty, or has a blank or a letter beyond ASCII; a + is written %2B")
    api_url = urlsplit(options.get("api_url", "https://host"))
    if api_url.scheme not in ("http", "https") or not api_url.hostname:
        raise ValueError("its api_url is not like https://api.example.org/v1/")
    return EmailUrl(way=Way.ANYMAIL, provider=name.replace("-", "_"), options=options, timeout=timeout)


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
        timeout=_options(parts.query)[0],
    )


def _options(query: str, *, known: Collection[str] = ()) -> tuple[float, dict[str, str]]:
    """Reads the timeout, and the other options."""
    pairs = parse_qsl(query, keep_blank_values=True)
    options = dict(pairs)
    if len(options) < len(pairs):
        raise ValueError("an option stands in it twice")
    text = options.pop("timeout", str(_TIMEOUT_SECONDS))
    if unknown := options.keys() - set(known):
        raise ValueError(f"{min(unknown)!r} is no option of it: there are {', '.join(sorted({*known, 'timeout'}))}")
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]+)?", text) or not 0 < float(text) <= 120:
        raise ValueError("its timeout is no number of seconds up to 120")
    return float(text), options
