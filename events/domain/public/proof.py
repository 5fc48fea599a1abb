"""Where a ticket's entries stand in its event's decision log, as its holder sees it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_HASH = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"


class ProvedEntry(Struct, frozen=True, kw_only=True):
    """One entry, with its proof."""

    index: Annotated[int, Meta(description="Its position in the log, from 0.", examples=[2])]
    entry: Annotated[str, Meta(description="Its bytes, in hexadecimal.", examples=["0201000100000000"])]
    inclusion: Annotated[
        list[str],
        Meta(description="The audit path of RFC 6962, from the leaf up, in hexadecimal.", examples=[[_HASH]]),
    ]


class TicketProof(Struct, frozen=True, kw_only=True):
    """A ticket's entries, and the checkpoint that they are proved against."""

    commitment: Annotated[
        str, Meta(description="SHA-256 of the ticket id, in hexadecimal: what the log has of it.", examples=[_HASH])
    ]
    checkpoint: Annotated[
        str,
        Meta(
            description="The signed note.",
            examples=["tickets.example.com/events/7/log\n3\nrrb8/idLcKFPsGel5VeCZNsPqbUa9eC6FZFY8ynnfHc=\n\n— …\n"],
        ),
    ]
    entries: Annotated[list[ProvedEntry], Meta(description="In order; none while the ticket is queued.")]
