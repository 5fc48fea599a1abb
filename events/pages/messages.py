"""What people read in place of codes. Pages contain it in templates, from which their scripts take it."""

from __future__ import annotations

MESSAGES: dict[str, str] = {
    "invalid": "Please check what you entered.",
    "event_not_found": "This event does not exist any more.",
    "duplicate_registration": "This e-mail address is registered for this event already. "
    "The ticket is on the page that opened when you registered.",
    "code_required": "This event needs an access code.",
    "code_invalid": "This code does not let you in, or not now. Please check it.",
    "registration_not_open": "Registration has not opened yet.",
    "registration_closed": "Registration is closed.",
    "registration_paused": "Registration is paused at the moment.",
    "sold_out": "All seats are taken.",
    "request_timeout": "Your details did not arrive in time. Please send them again.",
    "payload_too_large": "That is more text than fits into a registration.",
    "unsupported_media_type": "Your browser sent something that we cannot read.",
    "idempotency_key_reused": "This form was sent before with other details. Please send it once more.",
    "rate_limited": "Many people are registering from your network.",
    "queue_full": "The line is full at the moment.",
    "unavailable": "We cannot take registrations at this moment. Nothing was sent.",
    "internal_error": "Something went wrong on our side.",
    # Not a code of the service: the script uses it.
    "offline": "No connection. Your registration will be sent as soon as you are back online.",
}

REASONS: dict[str, str] = {
    "sold_out": "All seats went to people who were ahead of you in line.",
    "duplicate": "This e-mail address is registered for this event already. Its first ticket still counts.",
    "registration_closed": "Registration had closed.",
    "event_cancelled": "The event was cancelled before your turn came.",
    "not_drawn": "The draw gave the seats to others. Every entry had the same chance.",
    "invalid": "Your registration could not be read. You can register again.",
}

CANCELLATIONS: dict[str, str] = {
    "by_holder": "You cancelled this registration.",
    "by_organizer": "The organizer cancelled this registration.",
    "event_cancelled": "The organizer cancelled the event. You do not need to do anything.",
}
# For a ticket that was cancelled before reasons were stored.
CANCELLED = "This registration is cancelled."

STATES: dict[str, str] = {
    "upcoming": "Opens soon",
    "open": "Registration open",
    "waitlist": "Waitlist open",
    "sold_out": "Sold out",
    "closed": "Registration closed",
    "cancelled": "Cancelled",
}
# What the chip of an event says. Paused: its registration would be one of the first three.
CHIPS = {**STATES, "paused": "Registration paused"}
# By who confirms a hold, and which seats are held. `{time}` is how long.
HOLDS: dict[tuple[str, str], str] = {
    ("organizer", "all"): "Your seat is set aside for {time} while you pay. If it is not paid by then, "
    "it goes to the next in line.",
    ("organizer", "waitlist"): "A seat that you get from the waitlist is set aside for {time} while you pay. If it is "
    "not paid by then, it goes to the next in line.",
    ("holder", "all"): "Your seat is set aside for {time}. Take it on your ticket's page, or it goes to the next in "
    "line.",
    ("holder", "waitlist"): "A seat that becomes free is offered to the first on the waitlist, who has {time} to take "
    "it on the ticket's page.",
}
# What the console calls events that are not in the public list.
VISIBILITIES: dict[str, str] = {"unlisted": "Unlisted", "draft": "Draft"}

# What the console calls the reasons of rejections: the names of lines in a chart.
REJECTIONS: dict[str, str] = {
    "sold_out": "Sold out",
    "duplicate": "Duplicate",
    "registration_closed": "Closed",
    "event_cancelled": "Event cancelled",
    "not_drawn": "Not drawn",
    "invalid": "Invalid",
}

MESSAGE_TYPES: dict[str, str] = {
    "registration.confirmed": "Confirmed",
    "registration.held": "Held",
    "registration.waitlisted": "Waitlisted",
    "registration.rejected": "Rejected",
    "registration.expired": "Hold ran out",
    "registration.cancelled": "Cancelled",
    "registration.checked_in": "Checked in",
    "registration.updated": "Check-in undone",
    "event.sold_out": "Sold out",
}


def seats_left(state: str, seats: int) -> str:
    """Says what is left of a ticket type; `event.js` says it in the same way."""
    if state in ("open", "upcoming"):
        return f"{seats:,} left"
    return STATES.get(state, "")


def hold(confirmed_by: str, applies_to: str, time: str) -> str:
    """Says what a hold of the length `time` means for a guest; empty for one that this page does not know."""
    return HOLDS.get((confirmed_by, applies_to), "").format(time=time)


def message(code: str) -> str:
    """Returns the sentence for an error code; the general one for a code that this page does not know."""
    return MESSAGES.get(code, MESSAGES["internal_error"])
