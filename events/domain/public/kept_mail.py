"""A mail that was kept as a file instead of being sent, as the event's organizer reads it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from events.domain.public.definition import ReferenceText, Time
from events.domain.public.ticket import REFERENCE

_NAME = f"confirmed.{REFERENCE}.1"


class KeptMail(Struct, frozen=True, kw_only=True):
    """A mail in the list."""

    name: Annotated[str, Meta(description="Names it in its own address.", examples=[_NAME])]
    kind: Annotated[str, Meta(description="What it tells.", examples=["confirmed"])]
    reference: Annotated[ReferenceText, Meta(description="The ticket that it is about.", examples=[REFERENCE])]
    to: Annotated[str, Meta(examples=["guest1@example.org"])]
    subject: Annotated[str, Meta(examples=["Your ticket: Winter concert"])]
    kept_at: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.400+00:00"])]


class KeptMailText(KeptMail, frozen=True, kw_only=True):
    """A mail with its text and the names of what is attached. Its HTML has an address of its own."""

    text: Annotated[str, Meta(examples=["You have a seat\n\nHello Guest 1,\n"])]
    attachments: Annotated[list[str], Meta(examples=[["event.ics"]])]
