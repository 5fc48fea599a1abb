"""What the entrance says: with a network, and without one."""

from __future__ import annotations

from events.console.screens.guests import ENTRY
from omnify.common.languages import N_, NN_

CHECK_IN: dict[str, str | tuple[str, str]] = {
    **ENTRY,
    "sent": N_("Sent"),
    "no-ticket": N_("No ticket"),
    "not-a-code": N_("This is not a ticket's code."),
    "other-event": N_("Another event"),
    "of-other-event": N_("This ticket is for another event."),
    "welcome": N_("Welcome"),
    "undone": N_("Undone"),
    "not-in": N_("{name} is not checked in."),
    "already-in": N_("Already in"),
    "in-since": N_("Checked in at {time}."),
    "part-in-since": N_("{inside} of {all} are in, the first since {time}."),
    "too-many": N_("Too many"),
    "no-seat": N_("No seat"),
    "has-no-seat": N_("This registration has no seat."),
    "unknown": N_("Unknown"),
    "not-yours": N_("There is no such ticket at your events."),
    "try-again": N_("Try again"),
    # Without a network
    "no-network": N_("No network"),
    "only-codes": N_("Only codes can be checked without a network."),
    "only-online": N_("Names can be searched only with a network."),
    "no-list": N_(
        "The service cannot be reached, and this device has no list. No one was checked in, as far as we know."
    ),
    "not-on-list": N_("Not on the list"),
    "not-on-list-of": N_("No network: this ticket is not on the list of {time}."),
    "let-in-here": N_("Let in here at {time}."),
    "in-by-list": N_("No network: this ticket is in, says the list of {time}."),
    "left-by-list": NN_(
        "No network: {count} of this ticket is still to come in, says the list of {time}.",
        "No network: {count} of this ticket are still to come in, says the list of {time}.",
    ),
    "offline": N_("Let in offline"),
    "offline-by": NN_(
        "{reference}, by the list of {time}. Not sent yet.",
        "{count} people, {reference}, by the list of {time}. Not sent yet.",
    ),
    "away": N_("The service cannot be reached."),
    "by-list": N_("This device lets in by the list of {time}."),
    "waiting": NN_("{count} check-in waits to be sent.", "{count} check-ins wait to be sent."),
    "ready": NN_(
        "Works without a network: {count} ticket, read {time}.",
        "Works without a network: {count} tickets, read {time}.",
    ),
    "no-room": N_("This device has no room for what the page needs without a network."),
    # What was let in without a network, and is refused afterwards. `{ticket}` may be several people.
    "people": NN_("{reference}", "{reference}, {count} people,"),
    "conflict-in": N_("{ticket} was let in here at {time} without a network, but had come in already, at {first}."),
    "conflict-part-in": N_(
        "{ticket} was let in here at {time} without a network, but {inside} of {all} had come in already, the first at "
        "{first}."
    ),
    "conflict-no-seat": N_("{ticket} was let in here at {time} without a network, but has no seat any more."),
    "conflict-unknown": N_(
        "{ticket} was let in here at {time} without a network, but there is no such ticket at your events."
    ),
    "conflict": N_("{ticket} was let in here at {time} without a network, but the service does not take it."),
    "seen": N_("Seen"),
    # The list and the camera
    "none": N_("No guest with a seat has this name."),
    "inside": NN_("{inside} of {count} are in", "{inside} of {count} are in"),
    "camera-use": N_("Use this device's camera"),
    "camera-stop": N_("Stop the camera"),
    "camera-none": N_("No camera"),
    "camera-not-loaded": N_("The part that reads codes could not be loaded. Please try again."),
    "camera-refused": N_("This browser may not use the camera, or there is none."),
}
