"""The calendar entry that a mail brings: with a seat it adds or updates one, without it takes it out again."""

from __future__ import annotations

from events.domain.mail.kinds import MailKind
from events.letters.letter import Letter, Part
from events.pages.calendar import calendar_entry
from omnify.common.languages import DEFAULT, language, supported

_ENDED = ("cancelled", "expired", "rejected")


def calendar_parts(letter: Letter) -> tuple[Part, ...]:
    """Returns the entry; none for a ticket that has never been in a calendar, and with a reminder, which has news of
    none."""
    ticket = letter.ticket
    if letter.kind is MailKind.RESEND and len(letter.tickets) == 1:
        ticket = letter.tickets[0]
    if ticket is None or letter.kind is MailKind.REMINDER:
        return ()
    if ticket.status != "confirmed" and not (ticket.status in _ENDED and letter.had_seat):
        return ()
    said = language(supported(letter.language) or DEFAULT)
    content, method = calendar_entry(ticket, letter.event, site=letter.site, now=letter.now, language=said)
    return (Part("event.ics", f"text/calendar; charset=utf-8; method={method}", content),)
