"""An event's decision log as a reader from outside gets it: over the API, checked by the stand-alone verifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from events.domain.commands import Request
from events.domain.decision_log.merkle import Tree, leaf_hash
from events.ledger.commit import Batch, commit_batch
from events.models import DecisionLog, DecisionLogChunk, Event, Registration
from events.secrets import tickets
from tests.support.decision_log import unframe
from tests.support.in_process.api import ANYONE
from verify.omnify_verify import Broken, Source, Unreadable, Verdict, verify

ENTRY = 80  # of a registration that is not held, with its length


class Api(Source):
    """The verifier's source, through Django's test client."""

    def _find(self, path: str) -> bytes:
        answer = ANYONE.get(f"{self._base}/{path}")
        if answer.status_code != 200:
            raise Unreadable(f"{path}: {answer.status_code}")
        return bytes(answer.content)

    def served(self, path: str) -> dict[str, Any]:
        """The door is not there: what it would show is read from the ledger."""
        kind, _, named = path.partition("/")
        if kind == "events":
            event = Event.objects.get(pk=int(named))
            return {
                name: getattr(event, name)
                for name in ("confirmed_count", "held_count", "waitlisted_count", "entered_count")
            }
        event_id, key = tickets().parse(named) or (0, "")
        return {"status": Registration.objects.get(event_id=event_id, ticket_key=key).status}


def check(event: Event, **options: Any) -> Verdict:
    """Reads and checks the whole log."""
    return verify(Api(f"/events/{event.pk}/log", event.pk), event.pk, **{"key": None, **options})


def problem(event: Event) -> str:
    """Says what is wrong with the log as a reader finds it; empty if nothing is."""
    try:
        return check(event).problem
    except Broken as found:
        return str(found)


def registration(number: int) -> Request:
    address = f"guest{number}@example.com"
    return Request(tickets().mint(), f"Guest {number}", address, address, number, number, mark=tickets().mark)


def commit(event: Event, commands: Sequence[Any]) -> None:
    """Decides commands as one batch."""
    commit_batch(event.pk, Batch(commands=commands, digest=tickets().email_digest))


def id_of(event: Event, request: Request) -> str:
    return tickets().ticket_id(event_id=event.pk, key=request.key, mark=request.mark)


def chunks(event: Event) -> list[DecisionLogChunk]:
    return list(DecisionLogChunk.objects.filter(log_id=event.pk).order_by("first_index"))


def rewrite(event: Event, change: Callable[[bytes], bytes]) -> None:
    """Changes the entries of the last batch by hand, and nothing else."""
    last = chunks(event)[-1]
    last.entries = change(bytes(last.entries))
    last.save()


def rebuild(event: Event) -> None:
    """Does what an operator would do who changes the log before it was ever published: makes the tree anew."""
    log, tree = DecisionLog.objects.get(pk=event.pk), Tree()
    for chunk in chunks(event):
        tree, _ = tree.append([leaf_hash(entry) for entry in unframe(bytes(chunk.entries))])
    log.frontier = tree.packed
    log.save()
