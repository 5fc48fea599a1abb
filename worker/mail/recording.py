"""Turns what came of mails into what the outbox keeps, counts it, and logs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from events.domain.mail.kinds import MailState
from events.domain.mail.retry import GIVE_UP_AFTER, next_attempt
from events.domain.tickets import reference
from events.ledger.records import MailResult
from omnify.common import metrics
from omnify.common.logs import get_logger
from worker.mail.answers import Verdict
from worker.mail.context import RELEASED, SKIPPED, Result

logger = get_logger(__name__)

_ENDED = {
    Verdict.SENT: MailState.SENT,
    Verdict.BOUNCED: MailState.BOUNCED,
    Verdict.FAILED: MailState.FAILED,
    SKIPPED: MailState.SKIPPED,
}


def as_record(result: Result, *, now: datetime, jitter: float, haste: float = 1) -> MailResult:
    """Returns what the outbox keeps of a result. What has been tried in vain for two days is given up."""
    mail, tried = result.mail, result.outcome not in (RELEASED, SKIPPED)
    state, at = _ENDED.get(result.outcome, MailState.PENDING), None
    if state is MailState.PENDING:
        at = _again(result, now=now, jitter=jitter, haste=haste)
        state = MailState.FAILED if at is None else state
    return MailResult(
        mail_id=mail.id,
        state=state.value,
        claimed_until=mail.claimed_until,
        counted=int(tried),
        next_attempt_at=at,
        at=result.at,
        status=result.status,
        error=result.error,
    )


def _again(result: Result, *, now: datetime, jitter: float, haste: float) -> datetime | None:
    if result.outcome != RELEASED:
        return next_attempt(attempts=result.mail.attempts + 1, now=now, jitter=jitter, haste=haste)
    if result.error and now > result.mail.created_at + GIVE_UP_AFTER:
        return None
    return now + timedelta(seconds=result.wait_seconds or 0)


def report(results: Sequence[Result]) -> None:
    """Counts results, and writes a line for all of them, without an address."""
    named = {SKIPPED: "mails skipped", Verdict.SENT: "mails sent"}
    tickets: dict[str, list[str]] = {}
    problems: Counter[str] = Counter()
    for result in results:
        if result.outcome == RELEASED:
            continue
        metrics.MAILS.labels(result.mail.kind, result.outcome).inc()
        tickets.setdefault(result.outcome, []).append(reference(result.mail.event_id, result.mail.ticket_key))
        if result.outcome not in named:
            problems[" ".join(filter(None, (result.error, result.status)))] += 1
    if tickets:
        write = logger.warning if problems else logger.info
        write("mails", tickets=tickets, problems=dict(problems))
