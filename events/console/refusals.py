"""What the service says when it refuses, in the language of the console. The API itself speaks English.

A sentence that stands here is translated as it is, with the values that it names (`refusals.js` finds it). One that
does not is replaced by what its code means; of a field, which has no code, it stays in English. A test finds sentences
here that the service does not say any more.
"""

from __future__ import annotations

from collections.abc import Mapping

from events.pages.messages import FIELD_ERRORS
from omnify.common.envelope import Code
from omnify.common.languages import DEFAULT, N_, Language

SENTENCES: tuple[str, ...] = (
    *FIELD_ERRORS,
    # Any field
    N_("This is not valid."),
    N_("This field may not be null."),
    N_("This list may not be empty."),
    N_("A valid integer is required."),
    N_("Ensure this value is greater than or equal to {number}."),
    N_("Ensure this value is less than or equal to {number}."),
    N_("This must be one of {choices}."),
    N_("The year must lie between 1970 and 9998."),
    N_("It must be in the future."),
    # An event
    N_("This must be the IANA name of a time zone, such as Europe/Paris."),
    N_("The end must be after the start."),
    N_("The end must be in the future."),
    N_("Registration must close after it opens."),
    N_("Registration must close no later than the event ends."),
    N_("Tickets can be given back no longer than until the event ends."),
    N_("The copy would be over already: it needs a later start."),
    N_("All years must lie between {first} and {last}."),
    N_("A draw needs its time."),
    N_("The draw must be in the future."),
    N_("The draw must be no later than the start."),
    N_("The draw must be after registration opens."),
    N_("Only an event with `admission` `draw` has one."),
    N_("A draw needs the event's decision log, which this event does not have."),
    N_("Someone has registered for this event: its admission and its draw are fixed."),
    N_("Someone has registered for this event. It can be cancelled."),
    N_("Addresses are not proved where seats are drawn: an unproved entry would block its address until the draw."),
    N_("Addresses are proved by mail, so the event needs `mail`."),
    N_("Addresses are proved by mail, and this service sends none: EMAIL_URL is off."),
    N_("Where addresses are proved, a hold that you confirm applies to all seats."),
    N_("{number} seats are taken already. The capacity cannot be lower."),
    N_("{number} seats of “{type}” are taken already. The capacity cannot be lower."),
    N_("The waitlist has guests for {number} seats. The sizes must leave room for all of them, and for each group."),
    # Ticket types
    N_("An event that has ticket types keeps at least one."),
    N_("Two ticket types may not have the same name: {name}."),
    N_("With ticket types this is their sum, {number}."),
    N_("With ticket types, each type has its own."),
    N_("Together they may have {number} seats at most."),
    N_("An event can have {number} ticket types in its time."),
    N_("A ticket type that has tickets cannot go."),
    N_("A ticket type that has access codes cannot go. They can be revoked."),
    # Guests
    N_("There is no such ticket type."),
    N_("At most {number} at once."),
    N_("Send a name, an e-mail, or both."),
    N_("Another ticket of this event has this e-mail."),
    N_("This e-mail address is registered for the event already."),
    N_("No seat is left. The guest can be added with beyond_capacity."),
    N_("This ticket has no seat and is not on the waitlist."),
    N_("This ticket has no seat and does not wait for one."),
    N_("Nothing is mailed about this event: `mail` or EMAIL_URL is off."),
    N_("This ticket is for {number}."),
    N_("This ticket is not checked in."),
    N_("The ticket has no such check-in: nothing is undone."),
    # Codes, tokens, webhooks
    N_("Either `count` or `codes` is needed."),
    N_("This code stands there twice."),
    N_("This event has had this code already."),
    N_("An event has at most {number} codes."),
    N_("This token is unknown, has expired or has been revoked."),
    N_("Only a token with the scope check-in is for one event."),
    N_("You have no such event."),
    N_("The address is not a public one."),
    N_("The address must start with {schemes}."),
    N_("The address must not contain a user name or password."),
    N_("The address must not contain a fragment (#)."),
    N_("The port must be 80, 443, or one from 1024 on that no other service is known by."),
    N_("The address may have {number} characters at most."),
    N_("The address must be written in ASCII, without spaces."),
    N_("This is not an address such as https://example.org/hook."),
    N_("An IP address must be written in its usual form."),
    # What waits
    N_("The change of the capacity waits for its turn in the event's queue, and will be made."),
    N_("The correction waits for its turn in the event's queue, and will be made."),
    N_("The change is saved, but not in force yet: the door cannot be reached. Send it again shortly."),
    N_("A part of the service is out of reach. Try again shortly."),
)
# Parts of a field that a sentence may begin with: "Item 2, capacity: This must be a whole number."
FIELD_PARTS: dict[str, str] = {
    "name": N_("Name of the type"),
    "capacity": N_("Seats"),
    "waitlist_capacity": N_("Waitlist capacity"),
    "max_quantity": N_("Largest group"),
    "price": N_("Price, as it is shown"),
    "seconds": N_("Minutes"),
}
CODES: dict[str, str] = {
    Code.INVALID: N_("Please check what you entered."),
    Code.INVALID_PAGE: N_("This page does not exist."),
    Code.UNAUTHENTICATED: N_("This token is unknown, has expired or has been revoked."),
    Code.FORBIDDEN: N_("The token that you signed in with does not reach this."),
    Code.NOT_FOUND: N_("There is nothing at this address."),
    Code.EVENT_NOT_FOUND: N_("There is no such event."),
    Code.LOG_EXPIRED: N_("There is nothing at this address."),
    Code.LOG_NOT_FOUND: N_("This event has no decision log."),
    Code.TICKET_NOT_FOUND: N_("There is no such ticket."),
    Code.METHOD_NOT_ALLOWED: N_("This is not possible here."),
    Code.NOT_ACCEPTABLE: N_("This is not possible here."),
    Code.DUPLICATE_REGISTRATION: N_("This e-mail address is registered for the event already."),
    Code.REGISTRATION_NOT_OPEN: N_("Registration has not opened yet."),
    Code.REGISTRATION_CLOSED: N_("Registration is closed."),
    Code.REGISTRATION_PAUSED: N_("Registration is paused at the moment."),
    Code.SOLD_OUT: N_("All seats are taken."),
    Code.CODE_REQUIRED: N_("This event needs an access code."),
    Code.CODE_INVALID: N_("This code does not let you in, or not now. Please check it."),
    Code.CODE_NOT_FOUND: N_("There is no such code."),
    Code.ALREADY_CHECKED_IN: N_("This ticket was checked in already."),
    Code.NOT_CONFIRMED: N_("This registration has no seat."),
    Code.NOT_HELD: N_("No seat is set aside for this registration."),
    Code.EVENT_OVER: N_("The event is over: no seat moves any more."),
    Code.CANCELLATION_CLOSED: N_("This registration can no longer be cancelled."),
    Code.EVENT_IN_USE: N_("Someone has registered for this event. It can be cancelled."),
    Code.CAPACITY_BELOW_CONFIRMED: N_("More seats are taken already. The capacity cannot be lower."),
    Code.CAPACITY_BELOW_WAITLISTED: N_("The sizes must leave room for all on the waitlist, and for each group."),
    Code.TYPE_IN_USE: N_("A ticket type that has tickets or access codes cannot go."),
    Code.REQUEST_TIMEOUT: N_("Your details did not arrive in time. Please send them again."),
    Code.PAYLOAD_TOO_LARGE: N_("That is more than can be sent at once."),
    Code.UNSUPPORTED_MEDIA_TYPE: N_("Your browser sent something that we cannot read."),
    Code.IDEMPOTENCY_KEY_REUSED: N_("This form was sent before with other details. Please send it once more."),
    Code.WEBHOOK_NOT_FOUND: N_("There is no such webhook."),
    Code.WEBHOOK_DISABLED: N_("The webhook is disabled. Enable it first."),
    Code.TOKEN_NOT_FOUND: N_("There is no such token."),
    Code.DELIVERY_NOT_FOUND: N_("There is no such delivery."),
    Code.DEFAULT_SECRET: N_("This is the default secret of callback addresses: it can only be rotated."),
    Code.RATE_LIMITED: N_("Too many requests. Please try again in a moment."),
    Code.INTERNAL_ERROR: N_("Something went wrong on our side. It has been logged."),
    Code.QUEUE_FULL: N_("The line is full at the moment."),
    Code.UNAVAILABLE: N_("A part of the service is out of reach. Try again shortly."),
}


def known_refusals(language: Language) -> dict[str, Mapping[str, str]]:
    """Returns what scripts look up: sentences, codes and parts of fields. In English the service says them itself."""
    if language.code == DEFAULT:
        return {"errors": {}, "refusals": {}, "field-parts": {}}
    sentences = {text: language.gettext(text) for text in SENTENCES}
    return {"errors": sentences, "refusals": language.all(CODES), "field-parts": language.all(FIELD_PARTS)}
