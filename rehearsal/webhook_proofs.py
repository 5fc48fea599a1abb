"""What webhooks promise, checked by a receiver: pure, like the other proofs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from events.domain.states import TRANSITIONS, Status
from rehearsal.evidence import Evidence, short

_NEXT = {status.value: following for status, following in TRANSITIONS.items()}


def every_decision_was_delivered(evidence: Evidence) -> Iterator[str]:
    """Each ticket's messages came, up to the status that it has, and none about a ticket that nobody has."""
    told: dict[str, set[str]] = defaultdict(set)
    for message in evidence.messages:
        told[message.ticket_id].add(message.status)
    for answer, ticket in evidence.admitted:
        if ticket.status not in told[answer.ticket_id]:
            yield f"{short(answer.ticket_id)} is {ticket.status}, and no message said so"
    for ticket_id in told.keys() - {answer.ticket_id for answer in evidence.accepted}:
        # A registration whose answer was lost is retried under its key, so its ticket is known by then.
        yield f"a message is about {short(ticket_id)}, a ticket that nobody was given"


def every_message_was_genuine(evidence: Evidence) -> Iterator[str]:
    """Every signature is one that the reference implementation accepts."""
    for message in evidence.messages:
        if not message.genuine:
            yield f"the message {message.id} about {short(message.ticket_id)} is not signed as it should be"


def message_ids_name_one_message(evidence: Evidence) -> Iterator[str]:
    """No two messages have one id, and a message that came twice had the same id both times."""
    said: dict[str, tuple[str, str]] = {}
    ids: dict[tuple[str, str], str] = {}
    for message in evidence.messages:
        content = (message.ticket_id, message.status)
        if said.setdefault(message.id, content) != content:
            yield f"{message.id} is the id of two messages"
        if ids.setdefault(content, message.id) != message.id:
            yield f"{short(message.ticket_id)} {message.status} came under two ids"


def messages_keep_their_order(evidence: Evidence) -> Iterator[str]:
    """The messages of one ticket came in the order of its statuses."""
    ways: dict[str, list[str]] = defaultdict(list)
    for message in evidence.messages:
        # What came again tells nothing new.
        if message.status not in ways[message.ticket_id]:
            ways[message.ticket_id].append(message.status)
    for ticket_id, way in ways.items():
        if not (way[0] in _NEXT[Status.QUEUED] and all(later in _NEXT.get(one, ()) for one, later in pairwise(way))):
            yield f"{short(ticket_id)} was told {', then '.join(way)}"


WEBHOOK_PROOFS: list[tuple[str, Callable[[Evidence], Iterator[str]]]] = [
    ("Every decision was delivered", every_decision_was_delivered),
    ("Every message was genuine", every_message_was_genuine),
    ("A message id names one message", message_ids_name_one_message),
    ("Each ticket's messages came in order", messages_keep_their_order),
]
