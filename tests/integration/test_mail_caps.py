"""The limit on mails to one mailbox."""

from __future__ import annotations

import redis

from events.admission import keys as k
from events.admission.mail_caps import CountedMail, count_mails
from events.domain.rate_limit import RateLimit

CAP = RateLimit(4, 3600, "mail")


def test_mails_on_request_leave_half_of_the_limit_to_what_is_decided(redis_client: redis.Redis) -> None:
    assert sent(redis_client, [CountedMail("a", on_request=True)] * 50) == [True] * 2 + [False] * 48
    assert sent(redis_client, [CountedMail("a")] * 3) == [True, False, False]


def test_requests_have_no_more_than_the_decided_mails_leave_and_other_mailboxes_are_not_touched(
    redis_client: redis.Redis,
) -> None:
    mails = [*[CountedMail("a")] * 3, CountedMail("a", on_request=True), CountedMail("b", on_request=True)]
    assert sent(redis_client, mails) == [True] * 3 + [False, True]
    for name in (k.mails_to("a"), k.mails_asked("a")):
        assert 0 < redis_client.ttl(name) <= 3600


def test_a_quarter_is_kept_for_the_first_proof_at_each_event_whatever_else_was_sent(redis_client: redis.Redis) -> None:
    assert sent(redis_client, [CountedMail("a")] * 50).count(True) == 3
    proofs = [CountedMail("a", reserved_of=1), CountedMail("a", reserved_of=1), CountedMail("a", reserved_of=2)]
    assert sent(redis_client, proofs) == [True, False, False]
    assert 0 < redis_client.ttl(k.mails_reserved("a")) <= 3600


def test_all_that_is_sent_to_one_mailbox_is_within_the_limit(redis_client: redis.Redis) -> None:
    mails = [CountedMail("a", reserved_of=event) for event in range(30)]
    mails += [CountedMail("a", on_request=True), CountedMail("a")] * 30
    assert sent(redis_client, mails).count(True) == 4


def sent(client: redis.Redis, mails: list[CountedMail]) -> list[bool]:
    """Which of these may be sent."""
    return [wait == 0 for wait in count_mails(client, mails, cap=CAP)]
