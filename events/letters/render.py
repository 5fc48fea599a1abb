"""Makes a mail of a letter: words by its kind, then both forms of them, then what is attached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.template.loader import render_to_string

from events.domain.mail.kinds import UNSUBSCRIBABLE, MailKind
from events.letters.about import About
from events.letters.calendar_part import calendar_parts
from events.letters.content import Content
from events.letters.letter import Letter, Part, Rendered
from events.letters.qr_picture import qr_png
from events.letters.safe_text import one_line
from events.letters.wording import asked, endings, news, seats, waiting
from omnify.common.languages import Language

_WORDING: Mapping[MailKind, Callable[[About], Content]] = {
    MailKind.CONFIRMED: seats.confirmed,
    MailKind.PROMOTED: seats.promoted,
    MailKind.HELD: seats.held,
    MailKind.OFFERED: seats.offered,
    MailKind.EXPIRED: seats.expired,
    MailKind.WAITLISTED: waiting.waitlisted,
    MailKind.ENTERED: waiting.entered,
    MailKind.REJECTED: waiting.rejected,
    MailKind.CANCELLED: endings.cancelled,
    MailKind.EVENT_CANCELLED: endings.event_cancelled,
    MailKind.EVENT_CHANGED: news.event_changed,
    MailKind.REMINDER: news.reminder,
    MailKind.RESEND: asked.resend,
    MailKind.VERIFY: asked.verify,
}
# To an address that has proved nothing yet, nothing is sent that a stranger could have typed.
_UNGREETED = frozenset({MailKind.VERIFY})
_SUBJECT_MAX = 200
_TONES = {"good": "#15703c", "bad": "#b3261e", "plain": "#4338ca"}
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;"
# Blanks behind the preheader, so that lists of mails do not go on with the body.
_FILLER = 60
# RFC 3834: no absence notes in reply. The second is what Exchange knows.
HEADERS = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}


def render(letter: Letter, *, said: Language | None = None) -> Rendered:
    """Renders the mail, in the letter's language or in `said`.

    Raises ValueError: the letter lacks what its kind is about.
    """
    about = About(letter, said)
    content = _WORDING[letter.kind](about)
    pictures = tuple(
        Part(f"qr-{number}.png", "image/png", qr_png(block.code), f"qr-{number}@omnify")
        for number, block in enumerate(content.blocks, start=1)
        if block.code
    )
    context = _context(about, content)
    return Rendered(
        subject=one_subject(content.subject),
        text=render_to_string("mail/letter.txt", context),
        html=render_to_string("mail/letter.html", context),
        parts=(*pictures, *calendar_parts(letter)),
        headers={**HEADERS, **_unsubscribing(letter)},
    )


def _unsubscribing(letter: Letter) -> dict[str, str]:
    """Returns the headers for leaving with one click (RFC 8058)."""
    if letter.kind not in UNSUBSCRIBABLE or not letter.unsubscribe:
        return {}
    return {"List-Unsubscribe": f"<{letter.unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def one_subject(subject: str) -> str:
    """Returns the subject as one line: what is in it can begin no other header."""
    line = " ".join(subject.split())
    return line if len(line) <= _SUBJECT_MAX else one_line(line, longest=_SUBJECT_MAX)


def _context(about: About, content: Content) -> dict[str, Any]:
    letter = about.letter
    return {
        "content": content,
        "event": about.event,
        "greeting": "" if letter.kind in _UNGREETED else about.greeting,
        "language": about.said,
        "tone_colour": _TONES[content.tone],
        "font": _FONT,
        "filler": range(_FILLER),
        "before": about.gettext("before"),
        "qr_alt": about.gettext("QR code of your ticket"),
        "unsubscribe": letter.unsubscribe if letter.kind in UNSUBSCRIBABLE else "",
        "unsubscribe_label": about.gettext("No more reminders and news about this event"),
    }
