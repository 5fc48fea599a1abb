"""A mail about a ticket, as its event's organizer sees it: neither name nor address."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from events.domain.mail.kinds import MailKind, MailState
from events.domain.public.definition import ReferenceText, Time


class Mail(Struct, frozen=True, kw_only=True):
    """A mail that could not be delivered, or waits."""

    id: Annotated[int, Meta(examples=[90210])]
    reference: Annotated[ReferenceText, Meta(description="Of the ticket that it is about.", examples=["7-Zk3vB9qT"])]
    kind: Annotated[MailKind, Meta(examples=["confirmed"])]
    state: Annotated[
        MailState,
        Meta(
            description=(
                "`bounced`: the mail server has refused this address for good. `failed`: given up, for another reason. "
                "`pending`: it is sent, or tried again, at `next_attempt_at`."
            ),
            examples=["bounced"],
        ),
    ]
    created_at: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.000+00:00"])]
    attempts: Annotated[int, Meta(examples=[1])]
    last_attempt_at: Annotated[Time | None, Meta(examples=["2030-11-01T09:00:01.000+00:00"])]
    next_attempt_at: Annotated[Time | None, Meta(description="Null: there is none.", examples=[None])]
    status: Annotated[
        str,
        Meta(description="What the mail server answered: its code, and the enhanced one.", examples=["550 5.1.1"]),
    ]
    error: Annotated[
        str,
        Meta(
            description=(
                "What went wrong: `recipient`, `policy`, `sender`, `content`, `server`, `connection`, `tls`, `login` "
                "or another word; empty: nothing."
            ),
            examples=["recipient"],
        ),
    ]
