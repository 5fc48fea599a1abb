"""Whether and how this service mails guests, and whether mail keeps up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from events.domain.mail.problems import MailProblem


class MailWay(StrEnum):
    """By which way mails go. Names are part of the public contract."""

    SERVER = "server"
    FILES = "files"
    OFF = "off"


class MailStatus(Struct, frozen=True, kw_only=True):
    """How mail about an event goes out, and for how long it waits."""

    mailed: Annotated[bool, Meta(description="Guests get mail: the event wants it, and `way` is not `off`.")]
    way: Annotated[
        MailWay,
        Meta(
            description=(
                "`server`: a mail server or a provider. `files`: kept as files, for the organizer to read. `off`: this "
                "service writes and sends none, whatever `mail` of an event says."
            ),
            examples=["server"],
        ),
    ]
    oldest_pending_seconds: Annotated[
        float,
        Meta(
            description=(
                "For how long the mail that is due for the longest has waited, of all events; 0 if none is. Where it "
                "grows, no mailer is alive, or `problem` says why."
            ),
            examples=[0.0],
        ),
    ]
    problem: Annotated[
        MailProblem | None,
        Meta(
            description=(
                "Why mail is held back, of all events; null if none is. `login`, `sender`, `account` and `tls` are for "
                "the operator to mend, and use up none of a mail's attempts."
            ),
            examples=[None],
        ),
    ] = None
