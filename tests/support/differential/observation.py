"""All that can be seen of one case in one service, in a shape that can be compared."""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.differential.conversation import converse
from tests.support.differential.effects import derived_from_keys, read_effects, rename, tickets_in
from tests.support.differential.names import Names
from tests.support.differential.pair import Pair, Side
from tests.support.differential.requests import Requests
from tests.support.differential.steps import Written, as_steps
from tests.support.service.http_client import answer_on

Case = Callable[[Requests], Written]
# Of a probe. It costs this much in each case that leaves a request open, and changes nothing in others.
PATIENCE_SECONDS = 1.5
MADE_UP_PATIENCE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Observation:
    """Answers as text, the connection's state, what further requests got on it, and what the stores hold."""

    answers: list[str]
    ending: str
    afterwards: list[str]
    effects: dict[str, Any]

    def __str__(self) -> str:
        answers = "\n\n".join(self.answers)
        afterwards = "\n\n".join(self.afterwards)
        effects = json.dumps(self.effects, indent=1, sort_keys=True)
        return f"{answers}\n\nTHE CONNECTION: {self.ending}\n\nAFTERWARDS: {afterwards}\n\nEFFECTS: {effects}\n"


def difference(fast: Observation, slow: Observation) -> str:
    """What differs, as a unified diff; empty if nothing does."""
    before, after = (str(one).splitlines(keepends=True) for one in (slow, fast))
    return "".join(difflib.unified_diff(before, after, "without the fast path", "with it", n=30))


def observe(side: Side, event: int, case: Case, *, made_up: bool = False) -> Observation:
    """Plays the case in one service, with an event of its own.

    The last registration, on a connection of its own, also orders the effects: one event's batches go to Valkey one
    after the other, so all that the case has sent is in the stores before its answer.

    A made-up case may send more than is read: so it is not looked at whether the connection ended with FIN or RST, or
    whether an interim answer was sent before the body had come.
    """
    steps = as_steps(case(Requests(event, side.prepared)))
    patience = MADE_UP_PATIENCE_SECONDS if made_up else PATIENCE_SECONDS
    found = converse(side.service.address, side.store(event), steps, patience=patience, hot_probe=not made_up)
    last = answer_on(side.service.address.raw(Requests(event, side.prepared).register(_LAST, body=_LAST_BODY)))
    effects = read_effects(side.service.redis, event)
    names = Names(tickets_in(effects), derived=derived_from_keys(effects))
    return Observation(
        [names.in_answer(answer.head, answer.body) for answer in found.answers if answer.status >= 200 or not made_up],
        "closed" if made_up and found.ending == "reset" else found.ending,
        [*(names.in_answer(answer.head, answer.body) for answer in found.afterwards), f"elsewhere {last.status}"],
        rename(effects, names),
    )


def observe_both(pair: Pair, case: Case, *, made_up: bool = False) -> tuple[Observation, Observation]:
    """With the fast path, and without."""
    event = pair.new_event()
    return pair.in_both(lambda side: observe(side, event, case, made_up=made_up))


_LAST = "X-Forwarded-For: 192.0.2.255"
_LAST_BODY = b'{"name": "Last", "email": "last@example.com"}'
