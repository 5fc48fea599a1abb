"""The limit on mails to one mailbox."""

from __future__ import annotations

import redis

from events.admission import keys as k
from events.admission.mail_caps import CountedMail, count_mails
from events.domain.rate_limit import RateLimit

CAP = RateLimit(4, 3600, "mail")


def test_mails_on_request_leave_half_of_the_limit_to_what_is_decided(redis_client: redis.Redis) -> None:
    asked = count_mails(redis_client, [CountedMail("a", on_request=True)] * 50, cap=CAP)
    assert [wait == 0 for wait in asked] == [True] * 2 + [False] * 48
    decided = count_mails(redis_client, [CountedMail("a")] * 3, cap=CAP)
    assert [wait == 0 for wait in decided] == [True, True, False]


def test_requests_have_no_more_than_the_decided_mails_leave_and_other_mailboxes_are_not_touched(
    redis_client: redis.Redis,
) -> None:
    mails = [*[CountedMail("a")] * 4, CountedMail("a", on_request=True), CountedMail("b", on_request=True)]
    assert [wait == 0 for wait in count_mails(redis_client, mails, cap=CAP)] == [True] * 4 + [False, True]
    for name in (k.mails_to("a"), k.mails_asked("a")):
        assert 0 < redis_client.ttl(name) <= 3600
