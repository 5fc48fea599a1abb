"""An access code, as its organizer sees it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from events.domain.public.definition import Time


class AccessCode(Struct, frozen=True, kw_only=True):
    """An access code, without the code."""

    id: Annotated[int, Meta(examples=[31])]
    hint: Annotated[str, Meta(description="Its first characters; empty for a short one.", examples=["K7M"])]
    uses: Annotated[int, Meta(description="How many seats it lets in.", examples=[1])]
    used: Annotated[int, Meta(description="Seats of its tickets that have a place now.", examples=[0])]
    opens_at: Annotated[
        Time | None,
        Meta(
            description="From when it lets in; null: with registration.",
            examples=["2030-10-31T09:00:00.000+00:00"],
        ),
    ]
    ticket_type: Annotated[int | None, Meta(description="The one that it opens; null: any.", examples=[None])]
    created_at: Annotated[Time, Meta(examples=["2030-10-20T08:00:00.000+00:00"])]
    revoked_at: Time | None


class RevokedCodes(Struct, frozen=True):
    """Codes that have just been revoked, or were before."""

    revoked: Annotated[int, Meta(description="How many codes.", examples=[2])]


class NewCodes(Struct, frozen=True):
    """Codes that have just been made."""

    codes: Annotated[
        list[str], Meta(description="Shown this once.", examples=[["K7MQ-2XZP-9RTB-HW4D", "V3NC-8FYE-JA6S-TQ5G"]])
    ]
