"""The proofs about webhooks notice each kind of broken promise."""

from __future__ import annotations

import msgspec
import pytest

from rehearsal.evidence import Evidence
from rehearsal.proofs import prove
from rehearsal.records import EventCounts, Observation, RegistrationResult, Stats, Ticket, WebhookMessage
from rehearsal.webhook_proofs import WEBHOOK_PROOFS

IDS = [f"7-{letter * 28}" for letter in "AB"]
GOOD = [WebhookMessage("msg_1", "registration.confirmed", IDS[0], "confirmed", True)]
GOOD += [WebhookMessage("msg_2", "registration.rejected", IDS[1], "rejected", True)]
STRAY = WebhookMessage("msg_3", "registration.confirmed", "7-" + "C" * 28, "confirmed", True)


def observed(*messages: WebhookMessage) -> Observation:
    results = [RegistrationResult(n, f"guest{n}@example.com", 202, "", one, 1.0, 2.0, 0.1) for n, one in enumerate(IDS)]
    tickets = [Ticket(IDS[0], "confirmed", None, 1, 1.0, 2.0), Ticket(IDS[1], "rejected", "sold_out", 2, 1.0, 2.0)]
    counts, stats = EventCounts(1, 1, 0), Stats(0, 1, 0, {"sold_out": 1}, 0)
    return Observation(1, results, tickets, [], [], counts, stats, messages=list(messages))


def failed(*messages: WebhookMessage) -> set[str]:
    evidence = Evidence(observed(*messages))
    return {name for name, check in WEBHOOK_PROOFS if list(check(evidence))}


def test_what_came_as_it_should_proves_it() -> None:
    assert failed(*GOOD) == set()


def test_a_message_may_come_twice() -> None:
    assert failed(*GOOD, GOOD[0]) == set()


@pytest.mark.parametrize(
    ("messages", "name"),
    [
        (GOOD[:1], "Every decision was delivered"),
        ([*GOOD, STRAY], "Every decision was delivered"),
        ([msgspec.structs.replace(GOOD[0], genuine=False), GOOD[1]], "Every message was genuine"),
        ([GOOD[0], msgspec.structs.replace(GOOD[1], id="msg_1")], "A message id names one message"),
        ([*GOOD, msgspec.structs.replace(GOOD[0], id="msg_3")], "A message id names one message"),
    ],
)
def test_each_broken_promise_is_noticed(messages: list[WebhookMessage], name: str) -> None:
    assert failed(*messages) == {name}


def test_messages_out_of_order_are_noticed() -> None:
    cancelled = WebhookMessage("msg_3", "registration.cancelled", IDS[0], "cancelled", True)
    waitlisted = WebhookMessage("msg_4", "registration.waitlisted", IDS[0], "waitlisted", True)
    assert failed(cancelled, *GOOD) == {"Each ticket's messages came in order"}
    assert failed(*GOOD, waitlisted) == {"Each ticket's messages came in order"}
    assert failed(waitlisted, *GOOD, cancelled) == set()


def test_without_webhooks_nothing_is_claimed_about_them() -> None:
    seen = msgspec.structs.replace(observed(), messages=None)
    names = {name for name, _ in WEBHOOK_PROOFS}
    assert not names & {proof.name for proof in prove(seen)}
    assert names <= {proof.name for proof in prove(observed(*GOOD))}
