"""Who registers, and in which order: a pure function of two numbers, so every process knows its part
without being told.

Everybody registers once, in order; `duplicates` of them register a second time: every second one right
behind their first time (a double click, often answered by another process), the others when a third of the
crowd has gone by. Every other second time spells the e-mail in other letter case.
"""

from __future__ import annotations

from typing import NamedTuple


class Registration(NamedTuple):
    """One intention to register; all tries of it share `number`, and with it the Idempotency-Key."""

    number: int
    name: str
    email: str


def registrations(*, people: int, duplicates: int) -> list[Registration]:
    """The whole crowd in the order in which it comes. `duplicates` is at most `people`."""
    arrivals = [(float(person), person, 0) for person in range(people)]
    for repeat in range(duplicates):
        person = repeat * people // duplicates
        delay = 0.5 if repeat % 2 else people / 3
        arrivals.append((person + delay, person, 1 + repeat // 2 % 2))
    arrivals.sort()
    return [
        Registration(number, f"Guest {person + 1}", _email(person + 1, spelling))
        for number, (_, person, spelling) in enumerate(arrivals)
    ]


def _email(guest: int, spelling: int) -> str:
    return f"GUEST{guest}@Example.COM" if spelling == 2 else f"guest{guest}@example.com"
