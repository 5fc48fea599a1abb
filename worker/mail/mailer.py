"""Sends the outbox: claims what is due, hands it to the senders, records what came of it.

    claim (one short transaction) → read registrations → senders → record (one short transaction)

The loop has the database to itself; senders have none. A claim lasts `CLAIM_SECONDS` and is renewed while its mail is
under way: after a crash the mail is claimed again when the claim has expired, and sent twice at worst.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import DatabaseError, InterfaceError, connection

from events.ledger.mail.claims import ClaimedMail, claim_mails, record_mails, renew_claims
from events.ledger.mail.contents import read_contents
from events.ledger.mail.notices import make_due_mails, note_reminders
from events.ledger.mail.resends import make_asked_mails
from omnify.common import metrics
from omnify.common.logs import get_logger
from worker.mail.breaker import Breaker
from worker.mail.capping import Capper
from worker.mail.context import RELEASED, SKIPPED, MailContext, Result
from worker.mail.deciding import Decider, by_ticket
from worker.mail.recording import as_record, report
from worker.mail.sending import Senders
from worker.mail.transports import Transport

logger = get_logger(__name__)

DATABASE_ERRORS = (DatabaseError, InterfaceError)
LOOK_SECONDS = 1.0
BACK_OFF_SECONDS = 2.0
CLAIM_SECONDS = 60.0
RENEW_SECONDS = 20.0
REMIND_SECONDS = 60.0
# Claimed mails for each connection: more would only wait, fewer let it wait.
AHEAD = 50
STOP_SECONDS = 15.0
# Until a mail that this release does not understand is looked at again.
UNKNOWN_SECONDS = 600.0
# Waits a little for further results, so that they are recorded together.
_GATHER_SECONDS = 0.1


class Mailer:
    """One process's mails. `run` is for one thread; `wake` and `stop` are for any."""

    def __init__(
        self,
        context: MailContext,
        transports: Sequence[Transport],
        *,
        decider: Decider,
        capper: Capper,
        breaker: Breaker,
        reminder_hours: float = 0,
    ) -> None:
        self._context, self._decider, self._capper, self._breaker = context, decider, capper, breaker
        self._inbox: queue.Queue[Result | None] = queue.Queue()
        self._senders = Senders(context, transports, breaker=breaker, done=self._inbox.put)
        self._most = AHEAD * len(transports)
        self._outstanding: dict[int, ClaimedMail] = {}
        self._unrecorded: list[Result] = []
        self._stopping = False
        self._renew_at = self._remind_at = self._look_at = time.monotonic()
        self._reminder_hours = reminder_hours

    def run(self) -> None:
        """Sends until `stop`; then finishes the mails under way and releases the other claims."""
        self._senders.start()
        while not self._stopping:
            self._step(self._round)
        self._senders.stop(seconds=STOP_SECONDS)
        self._step(self._end)
        connection.close()

    def wake(self) -> None:
        """Looks at the outbox now."""
        self._inbox.put(None)

    def stop(self) -> None:
        """Begins no further mail."""
        self._stopping = True
        self._inbox.put(None)

    def _step(self, work: Callable[[], None]) -> None:
        try:
            work()
        except DATABASE_ERRORS as problem:
            logger.throttled_warning("the mails' outbox is out of reach", problem=type(problem).__name__)
            connection.close()
            time.sleep(0 if self._stopping else BACK_OFF_SECONDS / self._context.haste)

    def _round(self) -> None:
        self._record()
        self._renew()
        self._make_mails()
        claimed = self._claim()
        self._context.done()
        if not claimed:
            self._wait(LOOK_SECONDS / self._context.haste)

    def _make_mails(self) -> None:
        """Makes mails of what all guests of an event are to be told, and of wishes for lost tickets."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS / self._context.haste
        now = self._context.clock()
        if time.monotonic() > self._remind_at:
            self._remind_at = time.monotonic() + REMIND_SECONDS / self._context.haste
            note_reminders(now=now, hours=self._reminder_hours)
        make_due_mails(now=now)
        make_asked_mails(now=now)

    def _claim(self) -> bool:
        """Claims what the senders can take. Returns whether there may be more to do at once."""
        free = self._most - len(self._outstanding)
        if self._breaker.seconds_left or free < self._most // 2:
            return False
        if self._breaker.probing:
            free = 0 if self._outstanding else 1
        now = self._context.clock()
        until = now + timedelta(seconds=CLAIM_SECONDS / self._context.haste)
        mails = claim_mails(now=now, until=until, total=free) if free else []
        # A claim of ours that was not renewed in time is under way all the same.
        fresh = [mail for mail in mails if mail.id not in self._outstanding]
        for mail in mails:
            self._outstanding.setdefault(mail.id, mail).claimed_until = until
        if fresh:
            self._hand_over(fresh)
        return bool(fresh)

    def _hand_over(self, mails: Sequence[ClaimedMail]) -> None:
        try:
            contents = read_contents(mails)
        except DATABASE_ERRORS:
            # No sender has them, so their claims, which are renewed, must end.
            for mail in mails:
                self._inbox.put(Result(mail, RELEASED))
            raise
        decided = self._decider.decide(mails, contents, now=self._context.clock())
        for mail, why in decided.skipped:
            self._inbox.put(Result(mail, SKIPPED, error=why))
        self._keep(decided.unknown)
        allowed, refused = self._capper.check(decided.addressed)
        for result in refused:
            self._inbox.put(result)
        for job in by_ticket(allowed):
            self._senders.add(job)

    def _keep(self, unknown: Sequence[ClaimedMail]) -> None:
        """Puts mails back for the release that wrote them, to be looked at again later; two days in all."""
        wait = UNKNOWN_SECONDS / self._context.haste
        for mail in unknown:
            self._inbox.put(Result(mail, RELEASED, error="unknown", wait_seconds=wait))
        if unknown:
            metrics.MAILS.labels("unknown", "kept").inc(len(unknown))
            logger.throttled_warning("mails of a later release are kept for it", mails=len(unknown))

    def _wait(self, seconds: float) -> None:
        """Waits for a result, or to be woken; then a moment for more of them."""
        try:
            first = self._inbox.get(timeout=seconds)
        except queue.Empty:
            return
        if first is not None:
            self._unrecorded.append(first)
            if len(self._outstanding) > 1:
                time.sleep(_GATHER_SECONDS / self._context.haste)

    def _record(self) -> None:
        while True:
            try:
                found = self._inbox.get_nowait()
            except queue.Empty:
                break
            if found is not None:
                self._unrecorded.append(found)
        results = [one for one in self._unrecorded if one.mail.id in self._outstanding]
        if results:
            self._context.checkpoint("mail.before_record")
            now, jitter, haste = self._context.clock(), self._context.jitter, self._context.haste
            record_mails([as_record(one, now=now, jitter=jitter(), haste=haste) for one in results])
            report(results)
            if self._context.on_recorded is not None:
                self._context.on_recorded(results)
        for one in results:
            del self._outstanding[one.mail.id]
        self._unrecorded.clear()

    def _renew(self) -> None:
        if self._outstanding and time.monotonic() > self._renew_at:
            self._renew_at = time.monotonic() + RENEW_SECONDS / self._context.haste
            until = self._context.clock() + timedelta(seconds=CLAIM_SECONDS / self._context.haste)
            renew_claims(list(self._outstanding.values()), until=until)

    def _end(self) -> None:
        self._record()
        for mail in self._outstanding.values():
            self._inbox.put(Result(mail, RELEASED))
        self._record()
