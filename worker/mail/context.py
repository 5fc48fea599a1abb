"""What the parts of a mailer share, and what they hand each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from events.ledger.mail.claims import ClaimedMail
from events.letters.letter import Letter, Rendered
from worker.failpoints import MailFailpoint


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContext:
    """The dependencies of a mailer.

    Args:
        render: makes the mail of a letter (`events.letters`).
        sender: the From header; `reply_to` is empty for none; `host` is that of Message-IDs.
        checkpoint: called at each failpoint, where a crash test may stop the process.
        jitter: returns a number from 0 to 1, each mail's share of the longest jitter.
        on_recorded: told results once they are recorded, in the mailer's thread and on its connection.
        done: called when due mails have been claimed, as long as the mailer's loop goes round.
        haste: for tests: all waits are so many times shorter.
    """

    render: Callable[[Letter], Rendered]
    sender: str
    reply_to: str = ""
    host: str = "localhost"
    checkpoint: Callable[[MailFailpoint], None] = lambda failpoint: None
    clock: Callable[[], datetime] = _utc_now
    jitter: Callable[[], float] = random.random
    on_recorded: Callable[[Sequence[Result]], None] | None = None
    done: Callable[[], None] = lambda: None
    haste: float = 1


class Result(msgspec.Struct, frozen=True):
    """What came of a claimed mail, on its way to the outbox. `outcome` is a verdict, `skipped` or `released`.

    `wait_seconds` is for one that was not tried: when it is due again; None: now. One that was tried was so from
    `started_at` to `at`.
    """

    mail: ClaimedMail
    outcome: str
    status: str = ""
    error: str = ""
    at: datetime | None = None
    wait_seconds: float | None = None
    started_at: datetime | None = None


SKIPPED, RELEASED = "skipped", "released"
