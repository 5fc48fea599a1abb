"""What a user feels: seconds from the button to the ticket and to the decision when 50,000 people press it at once.

They share 512 connections; the drain runs. Once there are 2,000 seats, and once there is one for each of them. All wait
from the same moment on, also for a connection. A first answer is a ticket, or that nothing is left, which is a decision
too. A ticket has its decision once the outcome is published, which shows in the queue: its head is decided first.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from bench import ledger, load
from bench.lines import Line, value
from bench.load import Wait
from bench.measures import Options
from bench.stack import Stack
from bench.waiting import wait_until

PEOPLE = 50_000
FEW = 2_000
CONNECTIONS = 512
ACCEPTED, SOLD_OUT = 202, 409
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 120.0
SHARES = {"half of them": 0.5, "99 %": 0.99, "all": 1.0}


class Look(NamedTuple):
    """How many of an event's tickets were decided and published at a moment (`time.monotonic()`)."""

    moment: float
    decided: int


class Drop(NamedTuple):
    """What one drop was like: seconds of each person to the first answer and to the decision, in no order."""

    answers: list[float]
    decisions: list[float]
    tickets: int


def measure(stack: Stack, options: Options) -> list[Line]:
    """The waits of the first half, of 99 % and of the last, and how many got a ticket."""
    people = options.number(PEOPLE)
    with stack.door() as door, stack.drain():
        drop(stack, door, people // 10, people // 10)  # warms up
        return [
            line
            for seats in (options.number(FEW), people)
            for line in _lines(seats, people, [drop(stack, door, people, seats) for _ in range(options.fewer)])
        ]


def _lines(seats: int, people: int, drops: Sequence[Drop]) -> list[Line]:
    where = f"{people:,} people at once, {seats:,} seats"
    waits = {"first answer": [one.answers for one in drops], "decision": [one.decisions for one in drops]}
    return [
        *(
            value(f"{where}: from the button to the {what}, {who}", [at(one, share) for one in seconds], unit="s")
            for what, seconds in waits.items()
            for who, share in SHARES.items()
        ),
        value(f"{where}: tickets given out", [float(one.tickets) for one in drops]),
    ]


def drop(stack: Stack, door: str, people: int, seats: int, *, mail: bool = False) -> Drop:
    """One drop: all come at the same moment, and it is over when all have their decisions."""
    ledger.tidy()
    event_id = ledger.new_event(capacity=seats, mail=mail)
    ledger.publish(event_id)
    with Watcher(stack, event_id) as watcher:
        waits = load.all_at_once(
            f"{door}/events/{event_id}/register", people=people, connections=CONNECTIONS, patience=PATIENCE_SECONDS
        )
        wait_until(lambda: stack.queued(event_id) == 0, seconds=PATIENCE_SECONDS, what="the drain")
    tickets = sum(wait.status == ACCEPTED for wait in waits)
    answered = sum(wait.status in (ACCEPTED, SOLD_OUT) for wait in waits)
    if answered != people or ledger.decided(event_id) != tickets or ledger.confirmed(event_id) != seats:
        raise load.ClientFailedError(
            f"of {people} people {answered} were answered and {tickets} got tickets; {ledger.decided(event_id)} were "
            f"decided, {ledger.confirmed(event_id)} of {seats} seats are taken"
        )
    stack.forget(event_id)
    return Drop([wait.answered - wait.due for wait in waits], decisions(waits, watcher.looks), tickets)


class Watcher:
    """Looks at an event's queue all the time, from a thread of its own."""

    def __init__(self, stack: Stack, event_id: int) -> None:
        self.looks: list[Look] = []
        self._stack, self._event_id = stack, event_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            self._look()
        self._look()  # the last of them is decided by now

    def _look(self) -> None:
        decided = self._stack.decided(self._event_id)
        self.looks.append(Look(time.monotonic(), decided))


def decisions(waits: Sequence[Wait], looks: Sequence[Look]) -> list[float]:
    """Seconds of each person until the decision.

    Tickets are decided in the order in which they were admitted. Which of them was whose does not matter, since all
    have waited from the same moment on: the n-th ticket was decided at the first look that saw n of them decided, and
    not before its holder had it.
    """
    found = [wait.answered - wait.due for wait in waits if wait.status != ACCEPTED]
    tickets = sorted((wait for wait in waits if wait.status == ACCEPTED), key=lambda wait: wait.answered)
    counts = [look.decided for look in looks]
    for number, wait in enumerate(tickets, start=1):
        decided = looks[bisect_left(counts, number)].moment
        found.append(max(decided, wait.answered) - wait.due)
    return found


def at(waits: Sequence[float], share: float) -> float:
    """The wait that this share of the people had at most."""
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]
