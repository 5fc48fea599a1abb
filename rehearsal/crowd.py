"""Who registers, and in which order: a pure function of three numbers, so that each process can compute its part.

Every guest registers once, in order; `duplicates` of them register a second time: half of these right after the first
time (a double click, often by another process), the others when a third of the crowd has passed. Every other duplicate
writes the e-mail in other letter case.

With `types` ticket types, guests ask for them in turn; with `groups`, for as many seats as that, both ends included, in
turn too; with `codes`, they come with one of so many access codes in turn. A guest's second registration is the same.

With holds, `pay` guests, spread over the crowd, pay for the seat that is set aside for them.

`cancel` registrations are cancelled if they get a ticket: one third right after the 202, one third after some others
have registered, one third after their decision was read; every fourth of them twice.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Moment(StrEnum):
    """When a ticket is cancelled."""

    AT_ONCE = "at once"
    LATER = "later"  # after some other registrations have a response
    DECIDED = "decided"  # after its decision was read


class CancellationPlan(NamedTuple):
    """When a ticket is to be cancelled, and how many `times` in a row."""

    moment: Moment
    times: int


class Registration(NamedTuple):
    """One registration to make; all tries share `number`, and with it the Idempotency-Key."""

    number: int
    name: str
    email: str
    cancels: CancellationPlan | None = None
    type_index: int = 0
    seats: int = 1
    code_index: int = -1
    pays: bool = False


def registrations(
    *,
    people: int,
    duplicates: int,
    cancel: int = 0,
    types: int = 1,
    groups: tuple[int, int] = (1, 1),
    codes: int = 0,
    pay: int = 0,
) -> list[Registration]:
    """Returns all registrations, in order. `duplicates`, `cancel` and `pay` are at most `people`."""
    arrivals = [(float(person), person, 0) for person in range(people)]
    for repeat in range(duplicates):
        person = repeat * people // duplicates
        delay = 0.5 if repeat % 2 else people / 3
        arrivals.append((person + delay, person, 1 + repeat // 2 % 2))
    arrivals.sort()
    # Not at a fixed interval: every sixth, say, would always fall to one of two processes.
    cancelled = {
        index * len(arrivals) // cancel + index % (len(arrivals) // cancel): _plan(index) for index in range(cancel)
    }
    return [
        Registration(
            number,
            f"Guest {person + 1}",
            _email(person + 1, spelling),
            cancelled.get(number),
            person % types,
            groups[0] + person // types % (groups[1] - groups[0] + 1),
            person % codes if codes else -1,
            (person + 1) * pay // people > person * pay // people,
        )
        for number, (_, person, spelling) in enumerate(arrivals)
    ]


def _plan(index: int) -> CancellationPlan:
    return CancellationPlan(list(Moment)[index % 3], 2 if index % 4 == 0 else 1)


def _email(guest: int, spelling: int) -> str:
    return f"GUEST{guest}@Example.COM" if spelling == 2 else f"guest{guest}@example.com"
