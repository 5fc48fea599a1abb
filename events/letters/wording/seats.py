"""Mails about a seat: there is one, it became free, it is set aside, and it was not taken in time."""

from __future__ import annotations

from events.domain.times import from_iso
from events.letters.about import About
from events.letters.content import Content, Fact


def confirmed(about: About) -> Content:
    """Tells that there is a seat."""
    return _with_seat(
        about,
        subject=about.gettext("Your ticket: {event}", event=about.short_event),
        heading=about.ngettext("You have a seat", "You have {count} seats"),
    )


def promoted(about: About) -> Content:
    """Tells that there is a seat after waiting."""
    return _with_seat(
        about,
        subject=about.gettext("You have a seat now: {event}", event=about.short_event),
        heading=about.ngettext("A seat became free, and it is yours", "{count} seats became free, and they are yours"),
    )


def _with_seat(about: About, *, subject: str, heading: str) -> Content:
    return Content(
        subject=subject,
        preheader=about.when,
        heading=heading,
        tone="good",
        paragraphs=(at_the_entrance(about),),
        blocks=(about.block(about.open_ticket(about.gettext("Open your ticket")), code=True),),
        notes=(*cannot_come(about), about.keep_to_yourself()),
        why=about.why(),
    )


def at_the_entrance(about: About) -> str:
    """Says what the code is for."""
    return about.ngettext(
        "At the entrance, show the QR code of your ticket: in this mail, or on your ticket's page.",
        "At the entrance, show the QR code of your ticket: in this mail, or on your ticket's page. It is for all "
        "{count} of you, also if you come one after the other.",
    )


def cannot_come(about: About) -> tuple[str, ...]:
    """Says how to give a seat back, and until when; nothing once it is too late for that."""
    until = about.letter.event.cancel_until
    if from_iso(until) <= about.letter.now:
        return ()
    sentence = about.ngettext(
        "If you cannot come, please give your seat back on your ticket's page by {time}: another guest will be glad "
        "of it.",
        "If you cannot come, please give your seats back on your ticket's page by {time}: other guests will be glad "
        "of them.",
        time=about.moment(until),
    )
    return (sentence,)


def held(about: About) -> Content:
    """Tells that a seat is set aside from the start."""
    return _set_aside(
        about,
        subject=about.gettext("A seat is set aside for you: {event}", event=about.short_event),
        heading=about.ngettext("A seat is set aside for you", "{count} seats are set aside for you"),
    )


def offered(about: About) -> Content:
    """Tells that a seat became free and is set aside for the next on the waitlist."""
    return _set_aside(
        about,
        subject=about.gettext("A seat became free for you: {event}", event=about.short_event),
        heading=about.ngettext("A seat became free for you", "{count} seats became free for you"),
    )


def _set_aside(about: About, *, subject: str, heading: str) -> Content:
    until = about.moment(about.ticket.expires_at or about.letter.event.end_time)
    if about.letter.by_holder:
        todo = about.ngettext(
            "Take it by {time} if you want it. After that it goes to the next in line.",
            "Take them by {time} if you want them. After that they go to the next in line.",
            time=until,
        )
        label = about.ngettext("Take the seat", "Take the seats")
    else:
        todo = about.ngettext(
            "It is yours once it is paid. Please pay by {time}: without a payment it goes to the next in line.",
            "They are yours once they are paid. Please pay by {time}: without a payment they go to the next in line.",
            time=until,
        )
        label = about.gettext("See your registration")
    return Content(
        subject=subject,
        preheader=todo,
        heading=heading,
        paragraphs=(todo,),
        blocks=(about.block(about.open_ticket(label), Fact(about.gettext("Set aside until"), until)),),
        notes=(about.keep_to_yourself(),),
        why=about.why(),
    )


def expired(about: About) -> Content:
    """Tells that a seat that was set aside went to the next."""
    happened = about.ngettext(
        "The seat that was set aside for you was not confirmed in time, so it went to the next in line.",
        "The seats that were set aside for you were not confirmed in time, so they went to the next in line.",
    )
    again = about.gettext("You can register again while registration is open: you then stand at the end of the line.")
    return Content(
        subject=about.gettext("Your time is over: {event}", event=about.short_event),
        preheader=happened,
        heading=about.gettext("The time is over"),
        tone="bad",
        paragraphs=(happened, again),
        blocks=(about.block(about.open_event(about.gettext("Register again"))),),
        why=about.why_once(),
    )
