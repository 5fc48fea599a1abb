"""What the lists of guests say: attendees and waitlist, and what is done about one guest."""

from __future__ import annotations

from omnify.common.languages import N_, NN_

# One guest in a list.
ENTRY: dict[str, str | tuple[str, str]] = {
    "check-in": N_("Check in"),
    "check-in-of": N_("Check in: {name}"),
    "undo": N_("Undo"),
    "undo-of": N_("Undo: {name}"),
    "part": N_("{inside} of {all}"),
}
_ACTIONS: dict[str, str | tuple[str, str]] = {
    "edit": N_("Edit"),
    "edit-of": N_("Correct the name or e-mail of {name}"),
    "name": N_("Name"),
    "email": N_("E-mail"),
    "save": N_("Save"),
    "leave": N_("Leave as it is"),
    "mail": N_("Mail again"),
    "mail-of": N_("Mail the ticket of {name} again"),
    "mailed": N_("On its way"),
    "mails": N_("Mails"),
    "mails-of": N_("Mails about the ticket of {name}"),
    "cancel": N_("Cancel"),
    "cancel-of": N_("Cancel the ticket of {name}"),
    "cancel-sure": N_("Really cancel?"),
    "cancelling": N_("Cancelling …"),
}
ATTENDEES: dict[str, str | tuple[str, str]] = {
    **ENTRY,
    **_ACTIONS,
    "none": N_("No attendees to show."),
    "tickets": NN_("{count} ticket", "{count} tickets"),
    "trail": N_("What was done to this ticket"),
    "of-code": N_("The guests of one code: {value}"),
    "of-reference": N_("One guest: {value}"),
    # A guest who was asked for may have no seat.
    "status-held": N_("held"),
    "status-waitlisted": N_("on the waitlist"),
    "status-entered": N_("in the draw"),
    "status-cancelled": N_("ticket cancelled"),
    "status-expired": N_("the time was over"),
    "status-rejected": N_("rejected"),
    "in-line": N_("In line …"),
    "got-confirmed": N_("The guest has a seat."),
    "got-waitlisted": N_("The guest is on the waitlist."),
    "got-queued": N_("The guest is still in line."),
    "got-held": N_("A seat is set aside for the guest until {time}, and must be confirmed by then."),
    "got-nothing": N_("The guest has no seat."),
}
WAITLIST: dict[str, str | tuple[str, str]] = {**_ACTIONS, "none": N_("The waitlist is empty.")}
