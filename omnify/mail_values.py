"""The variables of mail: by which way it goes out, from whom, and how much of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any

from omnify import environment_values as read
from omnify.common.email_url import EmailUrl, Way, read_email_url
from omnify.environment_values import BadEnvironment

_OWN = (Way.FILES, Way.OFF)


def read_mail_values(values: Mapping[str, str], *, public_url: str) -> dict[str, Any]:
    """Reads them as the fields of `Environment`.

    Raises:
        BadEnvironment: one is missing or unusable.
    """
    url = _email_url(values)
    sender = _mailbox(values, "MAIL_FROM")
    if url.way not in _OWN and not sender:
        raise BadEnvironment("MAIL_FROM: needed with EMAIL_URL, like Tickets <tickets@example.org>")
    if url.way not in _OWN and not (public_url or values.get("SERVICE_URL")):
        raise BadEnvironment("PUBLIC_URL: needed with EMAIL_URL, since mails have links")
    host = re.sub(r":[0-9]+$", "", public_url.partition("://")[2]) or "localhost"
    return {
        "email_url": url,
        "mail_from": sender or f"Omnify <tickets@{host}>",
        "mail_reply_to": _mailbox(values, "MAIL_REPLY_TO"),
        "mail_connections": read.number(values, "MAIL_CONNECTIONS", 4, low=1, high=64),
        "mail_cap": read.rate_limit(values, "MAIL_CAP", "20/hour", name="mail"),
        "mail_reminder_hours": read.number(values, "MAIL_REMINDER_HOURS", 24, low=0, high=168),
        "mail_log_days": read.number(values, "MAIL_LOG_DAYS", 30, low=3, high=3650),
    }


def _email_url(values: Mapping[str, str]) -> EmailUrl:
    try:
        return read_email_url(values.get("EMAIL_URL", ""))
    except ValueError as problem:
        raise BadEnvironment(f"EMAIL_URL: {problem}") from problem


def _mailbox(values: Mapping[str, str], name: str) -> str:
    text = values.get(name, "").strip()
    if text and not re.fullmatch(r"[^@\s\"<>]+@[A-Za-z0-9.-]+", parseaddr(text)[1]):
        raise BadEnvironment(f"{name}: {text!r} is not like Tickets <tickets@example.org>")
    return text
