"""What mail costs a drop: the same people at the same door, with a mail to each of them and without.

A mailer runs in both, and has something to do in one of them while the drop is under way: it renders and keeps mails as
files. What it has not sent by the end is thrown away, so that the next drop does not pay for it.
"""

from __future__ import annotations

from bench import guests, ledger
from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.drain import drain_run
from bench.measures.drop import drop
from bench.stack import Stack

PEOPLE = 20_000
DRAINED_WITH, DRAINED = "drain rows per second of processor time with mail", "drain without mail"
WITH, WITHOUT = "terminal/s of a drop with mail", "without mail"


def measure(stack: Stack, options: Options) -> list[Line]:
    """The ratio, one drop right behind the other; which is first changes from run to run."""
    people = options.number(PEOPLE)
    with stack.door() as door, stack.drain():
        drop(stack, door, people // 10 or 1, people // 10 or 1)  # warms up
        found = interleaved(
            options.repetitions,
            {
                WITH: lambda: _terminal_rate(stack, door, people, mail=True),
                WITHOUT: lambda: _terminal_rate(stack, door, people, mail=False),
            },
        )
    drained = interleaved(
        options.repetitions,
        {
            DRAINED_WITH: lambda: _drained(stack, people, mail=True),
            DRAINED: lambda: _drained(stack, people, mail=False),
        },
    )
    return [
        ratio("a drop's terminal/s with mail ÷ without", WITH, WITHOUT, found, at_least=0.8),
        ratio("drain with mail ÷ without, by processor time", DRAINED_WITH, DRAINED, drained),
    ]


def _drained(stack: Stack, people: int, *, mail: bool) -> float:
    from events.models import Mail

    event_id = ledger.new_event(mail=mail)
    guests.register(event_id, people)
    ledger.tidy()
    used = drain_run(stack, event_id)
    stack.forget(event_id)
    Mail.objects.all().delete()
    return people / (used["drain"] + used["database"] + used["valkey"])


def _terminal_rate(stack: Stack, door: str, people: int, *, mail: bool) -> float:
    from events.models import Mail

    with stack.mailer():
        done = drop(stack, door, people, people, mail=mail)
    written = Mail.objects.count()
    Mail.objects.all().delete()
    assert written == (people if mail else 0), f"{written} mails of {people} people"
    return people / max(done.decisions)
