"""What the live screen says: figures, charts, holds that run out, and what is done to the event."""

from __future__ import annotations

from omnify.common.languages import N_, NN_

LIVE: dict[str, str | tuple[str, str]] = {
    "of": N_("of {number}"),
    "first-waits": N_("first one waits {time}"),
    "none-waits": N_("no one is waiting"),
    "cancelled-count": NN_("{count} cancelled", "{count} cancelled"),
    "draw-open": N_("drawn at {time}"),
    "draw-sealed": N_("being drawn since {time}"),
    "draw-drawn": N_("was drawn at {time}"),
    "within": N_("{number} within {time}"),
    "none-held": N_("None."),
    "pause": N_("Pause registration"),
    "resume": N_("Resume registration"),
    "not-the-name": N_("This is not the event's name."),
    # Charts, and their lines
    "queue": N_("Queue"),
    "waiting": N_("Waiting"),
    "per-second": N_("Per second"),
    "admitted": N_("Admitted"),
    "decided": N_("Decided"),
    "seats-chart": N_("Seats"),
    "confirmed": N_("Confirmed"),
    "held": N_("Held"),
    "waitlisted": N_("Waitlisted"),
    "given-back": N_("Given back"),
    "cancelled": N_("Tickets cancelled"),
    "ran-out": N_("Ran out"),
    "turned-away": N_("Turned away"),
    "taken": N_("Taken"),
    "over-time": N_("{name} over time"),
    "seats-taken": N_("Seats taken: {name}"),
    # The table
    "began": N_("Began"),
    "of-type": N_("{taken} taken, {waiting} waiting"),
    "none": N_("Nothing was decided in this time."),
}
