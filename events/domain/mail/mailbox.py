"""Which mailbox a limit on mails counts: stricter than who is one person to an event (`events.domain.attendee`)."""

from __future__ import annotations

from events.domain.attendee import email_key


def counted_mailbox(key: str) -> str:
    """Returns the mailbox of an `email_key`: what stands behind a `+` (RFC 5233) leads to the same one, as a rule."""
    local, _, domain = email_key(key).rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"
