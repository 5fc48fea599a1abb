"""Mails about what has ended: a registration, by whose will, and the event."""

from __future__ import annotations

from events.letters.about import About
from events.letters.content import Content


def cancelled(about: About) -> Content:
    """Tells that a registration was cancelled, and by whom."""
    reason = about.ticket.reason or ""
    if reason == "event_cancelled":
        return event_cancelled(about)
    by_organizer = reason == "by_organizer"
    who, then = _by_organizer(about) if by_organizer else _by_holder(about)
    return Content(
        subject=about.gettext("Cancelled: your registration for {event}", event=about.short_event),
        preheader=who,
        heading=about.gettext("Your registration is cancelled"),
        tone="bad",
        paragraphs=(who, then),
        blocks=(about.block(about.open_event(about.gettext("See the event"))),),
        why=about.why_once(),
    )


def _by_organizer(about: About) -> tuple[str, str]:
    return (
        about.gettext("The organizer cancelled your registration, and your ticket is not valid any more."),
        about.gettext("If you do not know why, please ask the organizer."),
    )


def _by_holder(about: About) -> tuple[str, str]:
    return (
        about.gettext("You cancelled your registration, as you asked on its page."),
        about.gettext(
            "If it was not you, another person had the link of your ticket. You can register again while registration "
            "is open."
        ),
    )


def event_cancelled(about: About) -> Content:
    """Tells that the event will not take place."""
    happened = about.gettext("The organizer cancelled {event}.", event=about.event)
    return Content(
        subject=about.gettext("Cancelled: {event}", event=about.short_event),
        preheader=happened,
        heading=about.gettext("The event is cancelled"),
        tone="bad",
        paragraphs=(happened, about.gettext("Your registration has ended with it. You do not need to do anything.")),
        blocks=(about.block(None),),
        why=about.why_once(),
    )
