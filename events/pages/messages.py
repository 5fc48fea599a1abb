"""What people read in place of codes, in English. Pages contain it, in their language, in templates, from which their
scripts take it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from omnify.common.languages import N_, Language

# How an expected wait is said.
WAITS: dict[str, str] = {"second": N_("about a second"), "about": N_("about {time}")}

MESSAGES: dict[str, str] = {
    "invalid": N_("Please check what you entered."),
    "event_not_found": N_("This event does not exist any more."),
    "duplicate_registration": N_(
        "This e-mail address is registered for this event already. "
        "The ticket is on the page that opened when you registered."
    ),
    "code_required": N_("This event needs an access code."),
    "code_invalid": N_("This code does not let you in, or not now. Please check it."),
    "registration_not_open": N_("Registration has not opened yet."),
    "registration_closed": N_("Registration is closed."),
    "registration_paused": N_("Registration is paused at the moment."),
    "sold_out": N_("All seats are taken."),
    "request_timeout": N_("Your details did not arrive in time. Please send them again."),
    "payload_too_large": N_("That is more text than fits into a registration."),
    "unsupported_media_type": N_("Your browser sent something that we cannot read."),
    "idempotency_key_reused": N_("This form was sent before with other details. Please send it once more."),
    "rate_limited": N_("Many people are registering from your network."),
    "queue_full": N_("The line is full at the moment."),
    "unavailable": N_("We cannot take registrations at this moment. Nothing was sent."),
    "internal_error": N_("Something went wrong on our side."),
    # Not a code of the service: the script uses it.
    "offline": N_("No connection. Your registration will be sent as soon as you are back online."),
}

REASONS: dict[str, str] = {
    "sold_out": N_("All seats went to people who were ahead of you in line."),
    "duplicate": N_("This e-mail address is registered for this event already. Its first ticket still counts."),
    "registration_closed": N_("Registration had closed."),
    "event_cancelled": N_("The event was cancelled before your turn came."),
    "not_drawn": N_("The draw gave the seats to others. Every entry had the same chance."),
    "invalid": N_("Your registration could not be read. You can register again."),
}

CANCELLATIONS: dict[str, str] = {
    "by_holder": N_("You cancelled this registration."),
    "by_organizer": N_("The organizer cancelled this registration."),
    "event_cancelled": N_("The organizer cancelled the event. You do not need to do anything."),
}
# For a ticket that was cancelled before reasons were stored.
CANCELLED = N_("This registration is cancelled.")

STATES: dict[str, str] = {
    "upcoming": N_("Opens soon"),
    "open": N_("Registration open"),
    "waitlist": N_("Waitlist open"),
    "sold_out": N_("Sold out"),
    "closed": N_("Registration closed"),
    "cancelled": N_("Cancelled"),
}
# What the chip of an event says. Paused: its registration would be one of the first three.
CHIPS = {**STATES, "paused": N_("Registration paused")}
# By who confirms a hold, and which seats are held. `{time}` is how long.
HOLDS: dict[tuple[str, str], str] = {
    ("organizer", "all"): N_(
        "Your seat is set aside for {time} while you pay. If it is not paid by then, it goes to the next in line."
    ),
    ("organizer", "waitlist"): N_(
        "A seat that you get from the waitlist is set aside for {time} while you pay. If it is "
        "not paid by then, it goes to the next in line."
    ),
    ("holder", "all"): N_(
        "Your seat is set aside for {time}. Take it on your ticket's page, or it goes to the next in line."
    ),
    ("holder", "waitlist"): N_(
        "A seat that becomes free is offered to the first on the waitlist, who has {time} to take "
        "it on the ticket's page."
    ),
}
# What the console calls events that are not in the public list.
VISIBILITIES: dict[str, str] = {"unlisted": N_("Unlisted"), "draft": N_("Draft")}

# What the console calls the reasons of rejections: the names of lines in a chart.
REJECTIONS: dict[str, str] = {
    "sold_out": N_("Sold out"),
    "duplicate": N_("Duplicate"),
    "registration_closed": N_("Closed"),
    "event_cancelled": N_("Event cancelled"),
    "not_drawn": N_("Not drawn"),
    "invalid": N_("Invalid"),
}

MESSAGE_TYPES: dict[str, str] = {
    "registration.confirmed": N_("Confirmed"),
    "registration.held": N_("Held"),
    "registration.waitlisted": N_("Waitlisted"),
    "registration.rejected": N_("Rejected"),
    "registration.expired": N_("Hold ran out"),
    "registration.cancelled": N_("Ticket cancelled"),
    "registration.checked_in": N_("Checked in"),
    "registration.updated": N_("Check-in undone"),
    "event.sold_out": N_("Sold out"),
    "event.changed": N_("Event changed"),
    "event.cancelled": N_("Event cancelled"),
}


# What the service says of a field, which has no code: the sentence, with `{number}` for the last number in it.
FIELD_ERRORS: tuple[str, ...] = (
    N_("This field is required."),
    N_("This field may not be blank."),
    N_("Enter a valid e-mail address."),
    N_("At most {number} characters."),
    N_("At most {number} characters, with the domain as the mail system writes it."),
    N_("Control characters and line breaks are not allowed."),
    N_("This contains what is no character at all."),
    N_("Characters that turn the direction of the text around are not allowed."),
    N_("This needs at least one character that can be seen."),
    N_("A code has at most {number} characters."),
    N_("A code has only characters that can be seen."),
    N_("A code has 4 to {number} letters and digits; spaces and dashes do not count."),
    N_("This must be a whole number."),
    N_("This must be from 1 to {number}."),
    N_("This event has no such ticket type."),
    N_("This event has several ticket types: say which."),
    N_("One seat at once."),
    N_("At most {number} seats at once."),
)
_LAST_NUMBER = re.compile(r"[0-9][0-9,]*(?=[^0-9]*\Z)")

# What scripts say, in the words of the page.
EVENT_TEXTS: dict[str, str] = {
    "name-missing": N_("Please enter your name."),
    "email-wrong": N_("Please enter a valid e-mail address."),
    "type-missing": N_("Please choose a ticket."),
    "quantity-wrong": N_("Please enter how many seats you want."),
    "forget-ticket": N_("Remove"),
    "again": N_("We will try again in {time}. Your details stay here."),
}
TICKET_TEXTS: dict[str, str] = {
    "number-in-line": N_("Number {position} in line."),
    "wait-second": WAITS["second"],
    "wait-about": WAITS["about"],
    "time-left": N_("{time} left."),
}
# What the check of the public log says (`proof.js`), and what it calls entries and their outcomes, by number.
LOG_TEXTS: dict[str, str] = {
    "moment": N_("One moment …"),
    "behind-end": N_("An entry is said to stand behind the log's end."),
    "proof-long": N_("A proof is longer than it must be."),
    "proof-short": N_("A proof is shorter than it must be."),
    "not-signed": N_("The log is not signed by its key."),
    "key-proves-nothing": N_("The log's key is one under which anyone can sign."),
    "signature-wrong": N_("The log's signature is wrong."),
    "not-yours": N_("An entry is not this ticket's."),
    "entry-missing": N_("Entry {index} is not in the log that was signed."),
    "not-yet": N_("Your place is not in the public log yet. Please try again in a moment."),
    "in": N_("Your place is in the public log."),
    "entry": N_("Entry {index} of {size}, {kind}."),
    "entry-outcome": N_("Entry {index} of {size}, {kind}: {outcome}."),
    "state": N_("{taken} of {seats} seats are taken, and {waiting} are waited for."),
    "size": N_("Entries in the public log: {size}."),
    "signature-right": N_("Its signature is right: your browser has checked it."),
    "signature-unable": N_("This browser cannot check its signature (Ed25519); the rest is checked."),
    "insecure": N_("Browsers check this on secure pages (https) only."),
    "wrong": N_("This is not as it must be."),
    "none": N_("This event has no public log that is signed."),
    "away": N_("The log cannot be read right now. Please try again."),
}
LOG_KINDS: dict[str, str] = {
    "2": N_("registration"),
    "3": N_("cancellation"),
    "4": N_("confirmation"),
    "5": N_("expiry"),
    "6": N_("promotion"),
    "8": N_("correction"),
    "14": N_("turn in the draw"),
}
LOG_OUTCOMES: dict[str, str] = {
    "1": N_("confirmed"),
    "2": N_("held"),
    "3": N_("on the waitlist"),
    "4": N_("sold out"),
    "5": N_("a duplicate"),
    "6": N_("closed"),
    "7": N_("cancelled"),
    "8": N_("invalid"),
    "9": N_("by its holder"),
    "10": N_("by the organizer"),
    "11": N_("with the event"),
    "12": N_("the time was over"),
    "13": N_("in the draw"),
    "14": N_("not drawn"),
}


def seats_left(language: Language, state: str, seats: int) -> str:
    """Says what is left of a ticket type; `event.js` says it in the same way."""
    if state in ("open", "upcoming"):
        return language.ngettext("{count} left", "{count} left", seats)
    return language.gettext(STATES[state]) if state in STATES else ""


def event_labels(language: Language) -> dict[str, Mapping[str, str]]:
    """Returns what the scripts of an event's page say, by list and code."""
    left = in_forms("seats-left", language.forms("{count} left", "{count} left"))
    texts = {**language.all(EVENT_TEXTS), **left}
    errors = {text: language.gettext(text) for text in FIELD_ERRORS}
    return {"errors": errors, "messages": language.all(MESSAGES), "states": language.all(CHIPS), "texts": texts}


def ticket_labels(language: Language) -> dict[str, Mapping[str, str]]:
    """Returns what the scripts of a ticket's page say, by list and code."""
    return {"texts": language.all(TICKET_TEXTS)}


def log_labels(language: Language) -> dict[str, Mapping[str, str]]:
    """Returns what the check of the public log says, by list and code."""
    lists = {"log": LOG_TEXTS, "log-kinds": LOG_KINDS, "log-outcomes": LOG_OUTCOMES}
    return {name: language.all(texts) for name, texts in lists.items()}


def in_forms(code: str, forms: Mapping[str, str]) -> dict[str, str]:
    """Returns the forms of a text as a script looks them up: `seats-left.one`."""
    return {f"{code}.{category}": text for category, text in forms.items()}


def field_error(language: Language, sentence: str) -> str:
    """Translates what the service says of a field; `language.js` does it in the same way."""
    number = _LAST_NUMBER.search(sentence)
    text = _LAST_NUMBER.sub("{number}", sentence)
    return language.gettext(text, number=number[0] if number else "") if text in FIELD_ERRORS else sentence


def hold(language: Language, confirmed_by: str, applies_to: str, time: str) -> str:
    """Says what a hold of the length `time` means for a guest; empty for one that this page does not know."""
    text = HOLDS.get((confirmed_by, applies_to))
    return language.gettext(text, time=time) if text else ""


def message(language: Language, code: str) -> str:
    """Returns the sentence for an error code; the general one for a code that this page does not know."""
    return language.gettext(MESSAGES.get(code, MESSAGES["internal_error"]))
