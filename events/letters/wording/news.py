"""Mails to those who hold or wait for a seat, without their doing: the event has changed, and it is soon."""

from __future__ import annotations

from events.letters.about import About
from events.letters.content import Content
from events.letters.wording.seats import at_the_entrance, cannot_come


def event_changed(about: About) -> Content:
    """Tells what the organizer changed: the facts of the block say what it was."""
    has_seat = about.ticket.status == "confirmed"
    happened = about.gettext("The organizer changed {event}. Your registration stays as it is.", event=about.event)
    changed = [f"{fact.label}: {fact.value}" for fact in about.event_facts() if fact.old]
    notes = (
        cannot_come(about) if has_seat else (about.gettext("If you cannot come any more, please cancel on its page."),)
    )
    return Content(
        subject=about.gettext("Changed: {event}", event=about.short_event),
        preheader="; ".join(changed) or happened,
        heading=about.gettext("The event has changed"),
        paragraphs=(happened,),
        blocks=(about.block(about.open_ticket(about.gettext("Open your ticket")), code=has_seat),),
        notes=(*notes, about.keep_to_yourself()),
        why=about.why(),
    )


def reminder(about: About) -> Content:
    """Reminds of the event."""
    return Content(
        subject=about.gettext("Reminder: {event}", event=about.short_event),
        preheader=about.when,
        heading=about.gettext("See you soon"),
        tone="good",
        paragraphs=(
            about.gettext(
                "{event} starts on {time}.", event=about.event, time=about.moment(about.letter.event.start_time)
            ),
            at_the_entrance(about),
        ),
        blocks=(about.block(about.open_ticket(about.gettext("Open your ticket")), code=True),),
        notes=(*cannot_come(about), about.keep_to_yourself()),
        why=about.why(),
    )
