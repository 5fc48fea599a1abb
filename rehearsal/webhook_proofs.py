"""Proofs about webhooks, from the messages of a receiver. Pure, like the other proofs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from events.domain.states import TRANSITIONS, Status
from rehearsal.evidence import Evidence, short

_NEXT = {status.value: following for status, following in TRANSITIONS.items()}


def every_decision_was_delivered(evidence: Evidence) -> Iterator[str]:
    """A message came for each ticket's status, and none about an unknown ticket."""
    told: dict[str, set[str]] = defaultdict(set)
    for message in evidence.messages:
        told[message.ticket_id].add(message.status)
    for result, ticket in evidence.admitted:
        if ticket.status not in told[result.ticket_id]:
            yield f"{short(result.ticket_id)} is {ticket.status}, and there was no message about it"
    for ticket_id in told.keys() - {result.ticket_id for result in evidence.accepted}:
        # A registration whose answer was lost is retried under its key, so its ticket is known by then.
        yield f"a message is about {short(ticket_id)}, an unknown ticket"


def every_message_was_genuine(evidence: Evidence) -> Iterator[str]:
    """The reference implementation accepts every signature."""
    for message in evidence.messages:
        if not message.genuine:
            yield f"the message {message.id} about {short(message.ticket_id)} has no valid signature"


def message_ids_name_one_message(evidence: Evidence) -> Iterator[str]:
    """No two messages have the same id, and a message that came twice had the same id both times."""
    said: dict[str, tuple[str, str]] = {}
    ids: dict[tuple[str, str], str] = {}
    for message in evidence.messages:
        content = (message.ticket_id, message.status)
        if said.setdefault(message.id, content) != content:
            yield f"{message.id} is the id of two messages"
        if ids.setdefault(content, message.id) != message.id:
            yield f"{short(message.ticket_id)} {message.status} came with two ids"


def messages_keep_their_order(evidence: Evidence) -> Iterator[str]:
    """The messages of one ticket came in the order of its statuses."""
    ways: dict[str, list[str]] = defaultdict(list)
    for message in evidence.messages:
        # A message that came again is not counted.
        if message.status not in ways[message.ticket_id]:
            ways[message.ticket_id].append(message.status)
    for ticket_id, way in ways.items():
        if not (way[0] in _NEXT[Status.QUEUED] and all(later in _NEXT.get(one, ()) for one, later in pairwise(way))):
            yield f"{short(ticket_id)} had messages {', then '.join(way)}"


WEBHOOK_PROOFS: list[tuple[str, Callable[[Evidence], Iterator[str]]]] = [
    ("Every decision was delivered", every_decision_was_delivered),
    ("Every message was genuine", every_message_was_genuine),
    ("A message id names one message", message_ids_name_one_message),
    ("Each ticket's messages came in order", messages_keep_their_order),
]
