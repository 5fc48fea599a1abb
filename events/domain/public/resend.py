"""The answer to a wish for a lost ticket, which says nothing of the ticket."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class ResendAsked(Struct, frozen=True):
    """A wish, and whether it can lead to a mail."""

    event_id: Annotated[int, Meta(examples=[7])]
    mailed: Annotated[
        bool,
        Meta(description="False: nothing is mailed about this event. The organizer has to be asked.", examples=[True]),
    ] = True
