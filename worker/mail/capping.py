"""Keeps anyone from being flooded: so many mails to a mailbox in a window, across events.

What people ask for is dropped over the limit; what the queue decided waits for the next window.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import redis
from redis.exceptions import RedisError

from events.admission.mail_caps import CountedMail, count_mails
from events.domain.mail.mailbox import counted_mailbox
from events.domain.rate_limit import RateLimit
from omnify.common.logs import get_logger
from worker.mail.context import RELEASED, SKIPPED, Result
from worker.mail.deciding import Addressed

logger = get_logger(__name__)


class Capper:
    """Counts mails in Redis, by digests of mailboxes. `cap` None: there is no limit."""

    def __init__(self, client: redis.Redis, *, cap: RateLimit | None, digest: Callable[[str], str]) -> None:
        self._client, self._cap, self._digest = client, cap, digest

    def check(self, mails: Sequence[Addressed]) -> tuple[list[Addressed], list[Result]]:
        """Returns what may be sent now, and results for the rest. A mail that is tried again is not counted again.

        While Redis is away all may be sent: nothing is registered meanwhile, so no one can be flooded.
        """
        counted = [one for one in mails if one.mail.attempts == 0]
        if self._cap is None or not counted:
            return list(mails), []
        try:
            waits = count_mails(self._client, [self._counted(one) for one in counted], cap=self._cap)
        except RedisError as problem:
            logger.throttled_warning("mails were not counted", problem=type(problem).__name__)
            return list(mails), []
        over = {one.mail.id: wait for one, wait in zip(counted, waits, strict=True) if wait}
        return [one for one in mails if one.mail.id not in over], [
            _over(one, over[one.mail.id]) for one in counted if one.mail.id in over
        ]

    def _counted(self, one: Addressed) -> CountedMail:
        mail, mailbox = one.mail, self._digest(counted_mailbox(one.email_key))
        return CountedMail(mailbox, mail.is_on_request, mail.event_id if mail.is_reserved else None)


def _over(one: Addressed, wait: int) -> Result:
    if one.mail.is_on_request:
        return Result(one.mail, SKIPPED, error="limit")
    return Result(one.mail, RELEASED, error="limit", wait_seconds=wait)
