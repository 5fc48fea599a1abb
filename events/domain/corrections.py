"""Whether an organizer's correction of a guest's name or e-mail may be made, judged in its turn in the event's queue.

A correction moves no seat. It takes its turn all the same, because an e-mail is worth one seat: whether the new address
is free, and when the old one may register again, depends on what was admitted before it.
"""

from __future__ import annotations

from collections.abc import Set
from enum import StrEnum

import msgspec

from events.domain.commands import Correction, Request
from events.domain.outcome import Outcome
from events.domain.states import HOLDING


class CorrectionVerdict(StrEnum):
    """The result of a `Correction`."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"  # another ticket that has a seat, or waits for one, has the new e-mail
    NO_SEAT = "no_seat"  # the ticket has no seat and is not on the waitlist
    EVENT_OVER = "event_over"  # admitted after the event's end


class CorrectionResult(msgspec.Struct, frozen=True):
    """A correction that is judged.

    `revision` is the ticket's that it made, 0 for none; `freed_digest` is that of the e-mail that may register again,
    empty for none.
    """

    correction: Correction
    verdict: CorrectionVerdict
    revision: int = 0
    freed_digest: str = ""

    @property
    def is_applied(self) -> bool:
        """Whether it was made."""
        return self.verdict is CorrectionVerdict.APPLIED


def judge_correction(
    correction: Correction, outcome: Outcome | None, *, email_key: str, emails: Set[str], ends_ms: int
) -> CorrectionResult:
    """Tells whether the correction may be made, and what it changes.

    Args:
        outcome: the ticket's; None if there is no such ticket. `email_key` is its e-mail's.
        emails: the `email_key`s that hold a seat or wait for one.
        ends_ms: the event's end.
    """
    if correction.requested_ms >= ends_ms:
        return CorrectionResult(correction, CorrectionVerdict.EVENT_OVER)
    if outcome is None or outcome.status not in HOLDING:
        return CorrectionResult(correction, CorrectionVerdict.NO_SEAT)
    if correction.email_key in (None, email_key):
        return CorrectionResult(correction, CorrectionVerdict.APPLIED, outcome.revision + 1)
    if correction.email_key in emails:
        return CorrectionResult(correction, CorrectionVerdict.DUPLICATE)
    return CorrectionResult(correction, CorrectionVerdict.APPLIED, outcome.revision + 1, outcome.email_digest)


def corrected(was: Outcome, correction: Correction, *, now_ms: int) -> Outcome:
    """Returns the ticket's outcome with the new e-mail, one revision later."""
    digest = was.email_digest if correction.email_key is None else correction.email_digest
    return msgspec.structs.replace(
        was, email_digest=digest, decided_ms=now_ms, revision=was.revision + 1, position=None
    )


def corrected_request(request: Request, correction: Correction) -> Request:
    """Returns a registration that is corrected before its row is written."""
    changed = {"name": correction.name} if correction.name is not None else {}
    if correction.email is not None and correction.email_key is not None:
        changed |= {
            "email": correction.email,
            "email_key": correction.email_key,
            "email_digest": correction.email_digest,
        }
    return msgspec.structs.replace(request, **changed)
