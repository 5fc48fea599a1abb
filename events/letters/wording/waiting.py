"""Mails to those who wait: on the waitlist, in the draw; and to those who got nothing in the end."""

from __future__ import annotations

from events.letters.about import About
from events.letters.content import Content, Fact
from events.letters.wording import endings


def waitlisted(about: About) -> Content:
    """Tells the position on the waitlist."""
    position = about.ticket.position
    facts = (Fact(about.gettext("Position on the waitlist"), str(position)),) if position else ()
    promise = about.ngettext(
        "A seat that becomes free goes to the first on the waitlist. We write to you when it is your turn.",
        "Seats that become free are kept for the first on the waitlist until there are enough. We write to you when "
        "it is your turn.",
    )
    return Content(
        subject=about.gettext("You are on the waitlist: {event}", event=about.short_event),
        preheader=promise,
        heading=about.gettext("You are on the waitlist"),
        paragraphs=(promise, about.gettext("The page of your registration shows your position as it is now.")),
        blocks=(about.block(about.open_ticket(about.gettext("See your position")), *facts),),
        notes=(
            about.gettext("If you do not want to wait any more, leave the waitlist there: all behind you move up."),
            about.keep_to_yourself(),
        ),
        why=about.why(),
    )


def entered(about: About) -> Content:
    """Tells of the entry in a draw."""
    draw_at = about.letter.event.draw_at
    facts = (Fact(about.gettext("Draw"), about.moment(draw_at)),) if draw_at else ()
    chance = about.gettext(
        "All who register before the draw have the same chance, whenever they come. You do not need to do anything: "
        "we write to you when it is done."
    )
    return Content(
        subject=about.gettext("You are in the draw: {event}", event=about.short_event),
        preheader=chance,
        heading=about.gettext("You are in the draw"),
        paragraphs=(chance,),
        blocks=(about.block(about.open_ticket(about.gettext("See your entry")), *facts),),
        notes=(about.keep_to_yourself(),),
        why=about.why(),
    )


def rejected(about: About) -> Content:
    """Tells that there is no seat, and no position on the waitlist, and why."""
    reason = about.ticket.reason or ""
    if reason == "event_cancelled":
        return endings.event_cancelled(about)
    why = _reasons(about).get(reason, about.gettext("There was no seat for your registration."))
    return Content(
        subject=about.gettext("No seat this time: {event}", event=about.short_event),
        preheader=why,
        heading=about.gettext("No seat this time"),
        tone="bad",
        paragraphs=(
            why,
            about.gettext("We are sorry. Your registration has ended, and you do not need to do anything."),
        ),
        blocks=(about.block(about.open_event(about.gettext("See the event"))),),
        why=about.why_once(),
    )


def _reasons(about: About) -> dict[str, str]:
    return {
        "sold_out": about.gettext("All seats went to people who were ahead of you in line."),
        "duplicate": about.gettext("This address is registered for this event already. Its first ticket still counts."),
        "registration_closed": about.gettext("Registration had closed before your turn came."),
        "not_drawn": about.gettext("The draw gave the seats to others. Every entry had the same chance."),
        "invalid": about.gettext("Your registration could not be read. You can register again."),
    }
