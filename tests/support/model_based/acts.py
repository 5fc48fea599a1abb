"""What the rules of the machine have in common: crowds, disasters, and which tickets a number stands for."""

from __future__ import annotations

import secrets
import signal
from collections.abc import Sequence
from functools import partial
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from tests.support.model_based.history import LARGEST, Drop
from tests.support.model_based.holds import confirm, run_out
from tests.support.model_based.model import NO_TYPE
from tests.support.service.parts import DRAINS
from tests.support.service.processes import Service


class Acts(RuleBasedStateMachine):
    """A machine without rules, with one event of a service that outlives it."""

    drop: Drop

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.service = service
        self.paused = False
        self.disasters = self.steps = 0
        service.heal()

    def rush(
        self,
        several: list[int],
        leaving: list[str],
        struck: str = "",
        ending: Sequence[str] = (),
        *others: partial[Any],
    ) -> None:
        """All at the same time. Each has an Idempotency-Key, since answers may be lost."""
        acts: list[partial[Any]] = [
            partial(
                self.drop.register,
                guest,
                shout=guest % 2 == 0,
                key=secrets.token_hex(8),
                quantity=1 + guest % LARGEST,
                coded=guest % 4 > 1,
                type_id=self.drop.types[guest % len(self.drop.types)] if self.drop.types else NO_TYPE,
            )
            for guest in several
        ]
        acts += [partial(self.drop.give_back, ticket) for ticket in leaving]
        acts += [partial(confirm, self.drop, ticket) for ticket in ending]
        self.drop.at_once(*others, *acts, meanwhile=partial(self.strike, struck))

    def end(self, numbers: list[int]) -> list[str]:
        """Held tickets that are going to be confirmed, for all but one of which it is too late."""
        for ticket in self.drop.tickets if self.drop.hold else ():
            self.drop.look(ticket)
        held = self.pick(numbers, "held")
        for ticket in held[1:]:
            run_out(self.drop, ticket)
        return held

    def pick(self, numbers: list[int], *statuses: str) -> list[str]:
        """A ticket for each number, of those that were seen last in one of `statuses`; none if there are none."""
        known = self.drop.tickets.values()
        found = [ticket.id for ticket in known if not statuses or ticket.status in statuses]
        return [found[number % len(found)] for number in numbers if found]

    def strike(self, name: str) -> None:
        if name:
            self.service.kill(name)
            self.service.start_part(name)

    def signal_drains(self, number: signal.Signals) -> None:
        for name in DRAINS:
            if self.service.running(name):
                self.service.children[name].process.send_signal(number)
