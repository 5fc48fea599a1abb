"""`manage.py reconcile`: lists what the queue has lost, event by event.

Four sources: tickets still noted as pending though no queue holds them, tickets noted as lost before, published
decisions that the ledger lacks, and sequences that it never saw. Gaps are legal (a sequence can be skipped), so they
are listed apart.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import redis
from django.core.management.base import BaseCommand, CommandError, CommandParser
from redis.exceptions import RedisError

from events.admission import lost
from events.admission.snapshots import event_progress
from events.admission.unfounded import published_outcomes
from events.ledger.lookup import event_progress as progress_in_ledger
from events.ledger.lookup import sequence_gaps, watched_event_ids
from events.ledger.tickets import known_outcomes
from events.secrets import tickets
from omnify.common.clients import redis_client


@dataclass(frozen=True, slots=True)
class Finding:
    """What is missing of one event: tickets with their sequences, and ranges of sequences that were never decided."""

    event_id: int
    lost: list[dict[str, Any]]
    gaps: list[tuple[int, int]]


class Command(BaseCommand):
    """Lists lost tickets. Exit code 1 if there are any."""

    requires_system_checks = []
    help = "Lists tickets that were acknowledged and then lost by the queue."

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds `--event` and `--json`."""
        parser.add_argument("--event", type=int, help="only this event")
        parser.add_argument("--json", action="store_true", help="one JSON object per event")

    def handle(self, *args: Any, **options: Any) -> None:
        """Reads both stores and changes neither."""
        ids = [options["event"]] if options["event"] else watched_event_ids(all_events=True)
        try:
            findings = [found for found in map(_reconcile, ids) if found.lost or found.gaps]
        except RedisError as problem:
            raise CommandError(f"Redis is out of reach: {type(problem).__name__}") from problem
        for finding in findings:
            self._print(finding, as_json=options["json"])
        total = sum(len(finding.lost) for finding in findings)
        if total:
            raise CommandError(f"{total} tickets are lost.", returncode=1)
        self.stderr.write("No ticket is lost.")

    def _print(self, finding: Finding, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(asdict(finding)))
            return
        for ticket in finding.lost:
            ids = " or ".join((ticket["ticket_id"], *ticket.get("or", ())))
            self.stdout.write(f"event {finding.event_id}: lost {ids} (sequence {ticket['sequence']})")
        for first, last in finding.gaps:
            self.stdout.write(f"event {finding.event_id}: sequences {first}-{last} belong to no registration")


def _reconcile(event_id: int) -> Finding:
    client = redis_client()
    return Finding(event_id, _lost_tickets(client, event_id), sequence_gaps(event_id))


def _lost_tickets(client: redis.Redis, event_id: int) -> list[dict[str, Any]]:
    orphans = {o.key: o.sequence for o in lost.orphans(client, event_id) if o.key}
    candidates = {**lost.known_lost(client, event_id), **orphans, **_published_ahead(client, event_id)}
    decided = known_outcomes(event_id, list(candidates))
    found = sorted((sequence, key) for key, sequence in candidates.items() if key not in decided)
    return [_lost_ticket(event_id, key, sequence) for sequence, key in found]


def _published_ahead(client: redis.Redis, event_id: int) -> dict[str, int]:
    """Returns published tickets (key → sequence) that the ledger lacks, if the door's copy shows that it lacks any."""
    copy = event_progress(client, [event_id])[event_id]
    if not any(copy.exceeds(row) for row in progress_in_ledger([event_id])):
        return {}
    found: dict[str, int] = {}
    for chunk in published_outcomes(client, event_id):
        read = {outcome.key: outcome.sequence for outcome, _ in chunk}
        found |= {key: read[key] for key in read.keys() - known_outcomes(event_id, list(read)).keys()}
    return found


def _lost_ticket(event_id: int, key: str, sequence: int) -> dict[str, Any]:
    """Returns the ids of a lost ticket, one for each secret, since it is not known which of them made it."""
    ticket_id, *others = tickets().ticket_ids(event_id=event_id, key=key)
    return {"ticket_id": ticket_id, "sequence": sequence} | ({"or": others} if others else {})
