"""What a mail is about, as plain data, and what is made of it."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from events.domain.mail.kinds import MailKind
from events.domain.public.event import Event
from events.domain.public.ticket import Ticket


class Change(Struct, frozen=True):
    """A public field of an event before and after its organizer changed it. Times as `events.domain.times.iso`."""

    field: str
    old: str
    new: str


class Letter(Struct, frozen=True, kw_only=True):
    """All that a mail is made of.

    Attributes:
        now: when it is written.
        site: scheme and host of links, without a slash at the end.
        language: a language tag such as `de`.
        name: the holder's, as it was typed; empty once it is forgotten.
        ticket: None for the kinds `resend` and `verify`.
        tickets: those of the mailbox for this event, of the kind `resend`.
        by_holder: whether its holder confirms the hold, and not the organizer after a payment.
        had_seat: whether a ticket that has ended had a seat before, and so an entry in a calendar.
        changes: of the kind `event_changed`.
        link: where the address is confirmed, with the token; of the kind `verify`.
        unsubscribe: where such mails are switched off for the address; empty: nowhere.
    """

    kind: MailKind
    event: Event
    now: datetime
    site: str
    language: str = "en"
    name: str = ""
    ticket: Ticket | None = None
    tickets: tuple[Ticket, ...] = ()
    by_holder: bool = False
    had_seat: bool = False
    changes: tuple[Change, ...] = ()
    link: str = ""
    unsubscribe: str = ""


class Part(Struct, frozen=True):
    """An attachment, or with a `content_id` a picture inside the HTML."""

    name: str
    content_type: str
    content: bytes
    content_id: str = ""


class Rendered(Struct, frozen=True):
    """A mail as it is sent, without addresses.

    Attributes:
        headers: those that tell mail programs and robots what the mail is.
    """

    subject: str
    text: str
    html: str
    parts: tuple[Part, ...] = ()
    headers: dict[str, str] = {}
