"""Mails that were asked for: all the tickets of an address, and the proof of an address."""

from __future__ import annotations

from events.domain.public.ticket import Ticket
from events.letters.about import About
from events.letters.content import Block, Button, Content, Fact


def resend(about: About) -> Content:
    """Shows the tickets of this address for this event."""
    tickets = about.letter.tickets
    heading = about.said.ngettext("Here is your ticket", "Here are your tickets", len(tickets))
    return Content(
        subject=about.gettext("Your ticket: {event}", event=about.short_event),
        preheader=about.when,
        heading=heading,
        paragraphs=(about.gettext("This is registered for {event} under this address.", event=about.event),),
        blocks=tuple(_ticket(about, ticket) for ticket in tickets),
        notes=(about.keep_to_yourself(),),
        why=about.gettext(
            "This mail was sent because the tickets of this address for {event} were asked for. If that was not you, "
            "you do not need to do anything: they were sent to this address alone.",
            event=about.event,
        ),
    )


def _ticket(about: About, ticket: Ticket) -> Block:
    waits = () if not ticket.position else (Fact(about.gettext("Position"), str(ticket.position)),)
    return Block(
        title=_titles(about).get(ticket.status, about.gettext("Your registration")),
        code=ticket.check_in_code or "",
        facts=(*about.event_facts(), *waits, *about.ticket_facts(ticket)),
        button=Button(about.gettext("Open your ticket"), about.ticket_url(ticket)),
    )


def _titles(about: About) -> dict[str, str]:
    return {
        "queued": about.gettext("In line"),
        "entered": about.gettext("In the draw"),
        "held": about.gettext("Set aside for you"),
        "confirmed": about.gettext("Confirmed"),
        "waitlisted": about.gettext("On the waitlist"),
        "cancelled": about.gettext("Your registration is cancelled"),
        "expired": about.gettext("The time is over"),
        "rejected": about.gettext("No seat"),
    }


def verify(about: About) -> Content:
    """Asks to follow the link that proves that the address is read by the one who registered."""
    letter = about.letter
    until = about.moment(letter.ticket.expires_at) if letter.ticket and letter.ticket.expires_at else ""
    todo = about.gettext(
        "Please confirm that this is your address: only then does your registration for {event} count.",
        event=about.event,
    )
    limit = (about.gettext("The link works until {time}.", time=until),) if until else ()
    # It stands behind the link's `#`, which only a script can read.
    code = letter.link.rpartition("=")[2]
    by_hand = about.gettext("Or copy this code to the page of your ticket: {code}", code=code)
    return Content(
        subject=about.gettext("Please confirm your address: {event}", event=about.short_event),
        preheader=todo,
        heading=about.gettext("Please confirm your address"),
        paragraphs=(todo, *limit),
        blocks=(Block(facts=about.event_facts(), button=Button(about.gettext("Confirm my address"), letter.link)),),
        notes=(by_hand,) if code else (),
        why=about.gettext(
            "This mail was sent because this address was typed into the registration for {event}. If that was not "
            "you, do nothing: without a confirmation the registration ends by itself.",
            event=about.event,
        ),
    )
