"""The operator's signed statement about a registration, made before its decision: what its holder keeps."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from events.domain.public.definition import Time
from events.domain.public.ticket import AcceptedTicket

_HASH = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"
_NOTE = "tickets.example.com/receipts\nreceipts 2\nrrb8/idLcKFPsGel5VeCZNsPqbUa9eC6FZFY8ynnfHc=\n\n\u2014 …\n"


class Receipt(Struct, frozen=True, gc=False):
    """A statement, and the proof that it is among those that a note was signed for."""

    event_id: Annotated[int, Meta(examples=[7])]
    commitment: Annotated[
        str, Meta(description="SHA-256 of the ticket id, in hexadecimal: what the log has of it.", examples=[_HASH])
    ]
    sequence: Annotated[int, Meta(description="Number in the order of admission.", examples=[42])]
    requested_at: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.100+00:00"])]
    index: Annotated[int, Meta(description="Its position among the statements of the note, from 0.", examples=[1])]
    inclusion: Annotated[
        list[str],
        Meta(description="The audit path of RFC 6962, from the leaf up, in hexadecimal.", examples=[[_HASH]]),
    ]
    note: Annotated[str, Meta(description="The signed note: their number and root.", examples=[_NOTE])]


class ReceiptedTicket(AcceptedTicket, frozen=True, gc=False):
    """The promise of a decision, with the receipt where one was asked for."""

    receipt: Annotated[
        Receipt | UnsetType,
        Meta(description="The operator's signed statement. Only with `Prefer: receipt`, where receipts are signed."),
    ] = UNSET
