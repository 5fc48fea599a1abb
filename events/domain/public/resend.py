"""The answer to a wish for a lost ticket, which says nothing of the ticket."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class ResendAsked(Struct, frozen=True):
    """A wish that was written down."""

    event_id: Annotated[int, Meta(examples=[7])]
