"""Who registers, and in which order: a pure function of two numbers, so every process knows its part
without being told.

Everybody registers once, in order; `duplicates` of them register a second time: every second one right
behind their first time (a double click, often answered by another process), the others when a third of the
crowd has gone by. Every other second time spells the e-mail in other letter case.

`cancel` registrations are given back if they got a ticket: one third right behind the 202, one third when others have
come meanwhile, one third when their decision was read; every fourth of them twice.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Moment(StrEnum):
    """When somebody gives a ticket back."""

    AT_ONCE = "at once"
    LATER = "later"  # when some others have been answered
    DECIDED = "decided"  # when its decision was read


class Return(NamedTuple):
    """A ticket is given back, `times` in a row."""

    moment: Moment
    times: int


class Registration(NamedTuple):
    """One intention to register; all tries of it share `number`, and with it the Idempotency-Key."""

    number: int
    name: str
    email: str
    gives_back: Return | None = None


def registrations(*, people: int, duplicates: int, cancel: int = 0) -> list[Registration]:
    """The whole crowd in the order in which it comes. `duplicates` and `cancel` are at most `people`."""
    arrivals = [(float(person), person, 0) for person in range(people)]
    for repeat in range(duplicates):
        person = repeat * people // duplicates
        delay = 0.5 if repeat % 2 else people / 3
        arrivals.append((person + delay, person, 1 + repeat // 2 % 2))
    arrivals.sort()
    # Not every sixth, say: those would all come from one of two processes, and too late if that one is slow to start.
    given_back = {
        place * len(arrivals) // cancel + place % (len(arrivals) // cancel): _return(place) for place in range(cancel)
    }
    return [
        Registration(number, f"Guest {person + 1}", _email(person + 1, spelling), given_back.get(number))
        for number, (_, person, spelling) in enumerate(arrivals)
    ]


def _return(place: int) -> Return:
    return Return(list(Moment)[place % 3], 2 if place % 4 == 0 else 1)


def _email(guest: int, spelling: int) -> str:
    return f"GUEST{guest}@Example.COM" if spelling == 2 else f"guest{guest}@example.com"
