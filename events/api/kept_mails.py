"""Mails that are kept as files: what they say, read from the files, for the organizer of their event.

The HTML is shown in a frame. It was made by this service, but it holds what people typed: so it comes with a policy
that lets nothing run and loads nothing, and its pictures are part of it.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from events.domain.public.kept_mail import KeptMail, KeptMailText
from events.domain.times import iso_of
from omnify.common import mail_files

# `allow-popups`: a link of the mail opens beside the console.
FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
NAME_PATTERN = r"^[a-z_]{1,20}\.[0-9]{1,18}-[A-Za-z0-9_-]{8}\.[0-9]{1,20}$"
_NAME = re.compile(r"(?P<kind>[a-z_]{1,20})\.(?P<reference>(?P<event>[0-9]{1,18})-[A-Za-z0-9_-]{8})\.[0-9]{1,20}")


def names_of(folder: Path, event_id: int) -> list[str]:
    """Returns the names of the mails about tickets of an event, newest first."""
    found = [(path.stat().st_mtime_ns, path.name.removesuffix(".eml")) for path in _files(folder, event_id)]
    return [name for _, name in sorted(found, reverse=True) if _NAME.fullmatch(name)]


def _files(folder: Path, event_id: int) -> list[Path]:
    return list(folder.glob(f"*.{event_id}-*.eml"))


def read_mail(folder: Path, event_id: int, name: str) -> KeptMailText | None:
    """Reads a mail about a ticket of the event; None if there is none of this name."""
    parts, message = _NAME.fullmatch(name), _message(folder, event_id, name)
    if parts is None or message is None:
        return None
    body = message.get_body(("plain",))
    return KeptMailText(
        name=name,
        kind=parts["kind"],
        reference=parts["reference"],
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        kept_at=iso_of(_kept_at(folder, name)),
        text=body.get_content() if body is not None else "",
        attachments=[found for part in message.walk() if (found := part.get_filename()) and not part["Content-ID"]],
    )


def listed(mail: KeptMailText) -> KeptMail:
    """Returns what the list shows of a mail."""
    return KeptMail(**{name: getattr(mail, name) for name in KeptMail.__struct_fields__})


def read_html(folder: Path, event_id: int, name: str) -> str | None:
    """Reads the HTML of a mail, with its pictures in it, and links that open a window of their own."""
    message = _message(folder, event_id, name)
    body = None if message is None else message.get_body(("html",))
    if message is None or body is None:
        return None
    html: str = body.get_content()
    for part in message.walk():
        if picture := part["Content-ID"]:
            html = html.replace(f"cid:{str(picture).strip('<>')}", _as_data(part))
    return html.replace("<head>", '<head><base target="_blank">', 1)


def _message(folder: Path, event_id: int, name: str) -> EmailMessage | None:
    parts = _NAME.fullmatch(name)
    if parts is None or int(parts["event"]) != event_id:
        return None
    content = mail_files.read(folder, name)
    return None if content is None else message_from_bytes(content, _class=EmailMessage, policy=default)


def _as_data(part: EmailMessage) -> str:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return f"data:{part.get_content_type()};base64,{base64.b64encode(content).decode()}"


def _kept_at(folder: Path, name: str) -> datetime:
    return datetime.fromtimestamp((folder / f"{name}.eml").stat().st_mtime, UTC)
