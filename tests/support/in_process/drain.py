"""A drain in the test's process: its queue, crashes at its failpoints, and what it has decided and published."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

import redis
from django.db import connection

from events.admission.entry import Entry
from events.admission.queue import Lease, Queue
from events.admission.replies import AdmitReply
from events.admission.status_replies import Decided, StatusAnswer, Waitlisted
from events.domain.outcome import Outcome
from events.domain.states import Reason, Status
from events.ledger.lookup import watched_event_ids
from events.ledger.queries import event_snapshot
from events.models import Event, Registration
from events.secrets import tickets as service_tickets
from events.services.republish import republish_leased
from omnify.common.clients import redis_client
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import apply_for, kinds, with_gate
from tests.support.servers import Services
from worker.drain import Drain
from worker.failpoints import Failpoint
from worker.unfounded import take_back


def make_queue(client: redis.Redis) -> Queue:
    """The drain's view of the run's Valkey."""
    return Queue(client)


def make_drain(queue: Queue) -> Drain:
    """A drain in this process, with time for everything."""

    def take_back_here(event_id: int) -> None:
        take_back(queue, redis_client(), event_id, digest=tickets.email_digest, wake=lambda woken: None)

    def republish_here(lease: Lease) -> None:
        republish_leased(queue, redis_client(), lease, digest=tickets.email_digest)

    return Drain(
        queue=queue,
        digest=tickets.email_digest,
        take_back=take_back_here,
        republish=republish_here,
        slice_seconds=60,
    )


def drain_all_until(client: redis.Redis, stop: threading.Event) -> None:
    """Drains every event that has work, again and again, until told to stop."""
    drain = replace(make_drain(make_queue(client)), digest=service_tickets().email_digest, sleep=lambda seconds: None)
    try:
        while not stop.is_set():
            for event_id in list(watched_event_ids(all_events=True)):
                if drain.queue.lengths([event_id])[0]:
                    drain.run(event_id)
            stop.wait(0.01)
    finally:
        connection.close()


def trim(queue: Queue, event: Event, entries: Sequence[Entry]) -> int:
    """Removes entries from an event's queue, and publishes nothing. Returns how many are left."""
    return queue.publish(event=event_snapshot(event), outcomes=(), entries=entries).left


class Crash(BaseException):
    """Stands for the end of a process at a checkpoint."""


def crash_at(failpoint: Failpoint, *, after: int = 0) -> Callable[[Failpoint], None]:
    """Ends the process at this point, when it has passed it `after` times."""
    passed = iter(range(after))

    def checkpoint(reached: Failpoint) -> None:
        if reached == failpoint and next(passed, None) is None:
            raise Crash

    return checkpoint


def told(event: Event) -> list[tuple[str, str, int]]:
    """What the ledger says, in order of admission."""
    rows = Registration.objects.filter(event=event).order_by("sequence")
    return list(rows.values_list("status", "reason", "sequence"))


def answer_for(servers: Services, event: Event, key: str) -> StatusAnswer:
    answer: StatusAnswer = with_gate(servers, lambda gate: gate.statuses(event.pk, [key])).answers[0]
    return answer


def outcome(key: str, status: Status, sequence: int, *, revision: int = 1, email: str = "") -> Outcome:
    reason = Reason.SOLD_OUT if status is Status.REJECTED else None
    return Outcome(
        key=key,
        status=status,
        reason=reason,
        sequence=sequence,
        requested_ms=1000,
        decided_ms=2000,
        revision=revision,
        email_digest=email or f"mail of {key}"[:12],
    )


def publish(queue: Queue, event: Event, *outcomes: Outcome, waitlisted: int, rate: float = 0.0) -> int:
    """As a drain does, with the counter that the ledger would have."""
    event.version += 1
    event.waitlisted_count = waitlisted
    return queue.publish(event=event_snapshot(event), outcomes=outcomes, decisions_per_second=rate).written


def shown(servers: Services, event: Event, key: str) -> tuple[str, int]:
    """Status and revision as the door reads them."""
    answer = answer_for(servers, event, key)
    assert isinstance(answer, Decided | Waitlisted)
    outcome = answer.outcome(key)
    return outcome.status.value, outcome.revision


def statuses(event: Event) -> list[str]:
    return [status for status, _, _ in told(event)]


def counters(event: Event) -> tuple[int, int, int]:
    event.refresh_from_db()
    return event.confirmed_count, event.waitlisted_count, event.cancelled_count


def people(admit: Callable[..., AdmitReply], event: Event, count: int, *, first: int = 0) -> list[str]:
    applications = [apply_for(n) for n in range(first, first + count)]
    assert set(kinds(admit(event.pk, applications))) == {"admitted"}
    return [application.key for application in applications]
