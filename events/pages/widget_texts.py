"""What the widget says (`assets/widget/`), in every language: by list and code, as its `words.js` looks them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.pages.messages import (
    CANCELLATIONS,
    EVENT_TEXTS,
    FIELD_ERRORS,
    MESSAGES,
    REASONS,
    STATES,
    TICKET_TEXTS,
    in_forms,
)
from omnify.common.languages import N_, NN_, OFFERED, Language, language

FORM: dict[str, str] = {
    "name": N_("Name"),
    "email": N_("E-mail"),
    "ticket_type": N_("Ticket"),
    "quantity": N_("How many seats"),
    "code": N_("Access code"),
    "code-optional": N_("Access code, if you have one"),
    "code-missing": MESSAGES["code_required"],
    "code-hint": N_("Case, spaces and dashes do not matter."),
    "one-seat": N_("One seat for each address."),
    "one-ticket": N_("One ticket for each address."),
    "up-to": N_("Up to {most}, on one ticket: you get all of them or none."),
    "get-in-line": N_("Get in line"),
    "enter-draw": N_("Enter the draw"),
    "join-waitlist": N_("Join the waitlist"),
    "your-tickets": N_("Your tickets on this device"),
}
EVENT: dict[str, str] = {
    "state-upcoming": N_("Registration opens"),
    "about-upcoming": N_("Stay here: the form appears the moment it opens. No need to reload."),
    "state-sold_out": N_("Sold out"),
    "about-sold_out": N_("All seats are taken. If a seat becomes free, this page will show it."),
    "state-closed": N_("Registration is closed"),
    "about-closed": N_("Registration is closed."),
    "state-cancelled": N_("This event is cancelled"),
    "about-cancelled": N_("You do not need to do anything: all registrations are cancelled too."),
    "with-code": N_("With an access code you may be able to register now."),
    "paused": N_("Registration is paused at the moment. This page shows when it goes on."),
    "offline-here": N_("No connection. This page continues by itself once you are back online."),
    "unreachable": N_("Registration cannot be reached from this page right now. It is tried again by itself."),
    "own-page": N_("Register on the page of the event"),
}
TICKET: dict[str, str] = {
    "moment": N_("One moment …"),
    "is-queued": N_("You are in line"),
    "is-entered": N_("You are in the draw"),
    "is-waitlisted": N_("You are on the waitlist"),
    "is-rejected": N_("No seat this time"),
    "is-expired": N_("The time is over"),
    "is-cancelled": N_("Your registration is cancelled"),
    "is-lost": N_("We lost your registration"),
    "called-off": N_("The event is cancelled"),
    "confirm-address": N_("Please confirm your address"),
    "waiting-for-payment": N_("Waiting for payment"),
    "set-aside": N_("A seat is set aside"),
    "set-aside-for": N_("Set aside for you for"),
    "mail-sent": N_("We have sent you a mail. Open the link in it to confirm your address."),
    "position-in-line": N_("Your position in line"),
    "position-on-waitlist": N_("Your position on the waitlist"),
    "progress": N_("Progress in line"),
    "expected-wait": N_("Expected wait: {time}"),
    "unlikely": N_(
        "It is unlikely that there is still a seat for you: those before you in line take all that are left. "
        "You keep your place, in case one becomes free."
    ),
    "kept-here": N_("Your registration is safely stored, and this browser keeps your ticket: you may close this page."),
    "draw-is-in": N_("The draw is in"),
    "same-chance": N_(
        "All who register before have the same chance, whenever they came. This page will show what you have got."
    ),
    "waitlist-goes": N_("A seat that becomes free goes to the first person on the waitlist."),
    "open-ticket": N_("Open your ticket"),
    "another-person": N_("Register another person"),
    "register-again": N_("Register again"),
    "lost-by-us": N_("A failure on our side lost your registration. We are sorry. Please register again."),
}
COUNTED: dict[str, tuple[str, str]] = {
    "seats-left": NN_("{count} left", "{count} left"),
    "have-seats": NN_("You have a seat", "You have {count} seats"),
    "yours-to-take": NN_("A seat is yours to take", "{count} seats are yours to take"),
    "take": NN_("Take it", "Take them"),
    "pay-first": NN_(
        "The organizer confirms your registration once it is paid. This page will show your ticket then. Without a "
        "payment the seat goes to the next in line when the time is over.",
        "The organizer confirms your registration once it is paid. This page will show your ticket then. Without a "
        "payment the seats go to the next in line when the time is over.",
    ),
    "not-in-time": NN_(
        "The seat was not confirmed in time, so it went to the next in line. You can register again: you then stand at "
        "the end of the line.",
        "The seats were not confirmed in time, so they went to the next in line. You can register again: you then "
        "stand at the end of the line.",
    ),
}
_OF_PAGES = {**EVENT_TEXTS, **TICKET_TEXTS}
_LISTS: dict[str, Mapping[str, str]] = {
    "messages": MESSAGES,
    "reasons": REASONS,
    "cancellations": CANCELLATIONS,
    "states": STATES,
    "errors": {text: text for text in FIELD_ERRORS},
    "texts": {**_OF_PAGES, **FORM, **EVENT, **TICKET},
}


def widget_texts(languages: Mapping[str, Language] | None = None) -> dict[str, dict[str, Any]]:
    """Returns the direction and all lists of each language, those that are offered unless told."""
    spoken = {code: language(code) for code in OFFERED} if languages is None else languages
    return {code: {"direction": said.direction, **_lists(said)} for code, said in spoken.items()}


def _lists(said: Language) -> dict[str, dict[str, str]]:
    lists = {name: said.all(texts) for name, texts in _LISTS.items()}
    for code, (one, many) in COUNTED.items():
        lists["texts"] |= in_forms(code, said.forms(one, many))
    return lists
