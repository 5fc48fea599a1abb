"""One guest: registers as a front end does, repeats where it got no answer, looks at the ticket, may give it back."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import msgspec

from chaos.client import Client
from chaos.history import NO_ANSWER, Call
from events.domain.states import TERMINAL

LONGEST_PAUSE = 2.0
# Without a key a person presses the button again, and then gives up.
TRIES_WITHOUT_KEY = 3
TRIES_TO_CANCEL = 6
AGAIN = {NO_ANSWER, 429, 502, 503, 504}


class Happening(msgspec.Struct, frozen=True):
    """An event as the crowd knows it. Where `cancels` is false nothing is given back, so that its order is exact."""

    id: int
    cancels: bool


@dataclass(slots=True)
class Guest:
    """A person with a registration. `ticket` is empty until one is known; `settled` tells that the answer is final."""

    number: int
    event: Happening
    email: str
    key: str
    gives_back: bool
    looks: int
    rng: random.Random
    ticket: str = ""
    settled: bool = False

    async def visit(self, client: Client, over: asyncio.Event) -> None:
        """Does all of it, until the crowd's time is over."""
        await self.register(client, over)
        for _ in range(self.looks if self.ticket else 0):
            if over.is_set():
                return
            if await self.look(client, wait=self.rng.choice((0, 0, 5))):
                break
            await asyncio.sleep(self.rng.uniform(0.2, 2.0))
        if self.ticket and self.gives_back and not over.is_set():
            await self.give_back(client)

    async def register(self, client: Client, over: asyncio.Event) -> None:
        """Registers until there is an answer, with the same key each time; without a key a few times."""
        tries = 0
        while not self.settled and not over.is_set() and (self.key or tries < TRIES_WITHOUT_KEY):
            tries += 1
            await self.try_once(client)

    async def try_once(self, client: Client) -> None:
        call, pause = await client.register(
            self.rng.choice(client.doors), guest=self.number, event=self.event.id, email=self.email, key=self.key
        )
        if call.status in AGAIN:
            await asyncio.sleep(min(pause, LONGEST_PAUSE) * self.rng.uniform(0.5, 1.0))
            return
        self.settled = True
        self.ticket = call.ticket if call.accepted else ""

    async def look(self, client: Client, *, wait: int = 0) -> bool:
        """Reads the ticket. Returns whether its status is final, and none that waits for a seat."""
        call, _ = await client.status(
            self.rng.choice(client.doors), guest=self.number, event=self.event.id, ticket=self.ticket, wait=wait
        )
        return is_final(call)

    async def give_back(self, client: Client) -> None:
        for _ in range(TRIES_TO_CANCEL):
            call, pause = await client.cancel(
                self.rng.choice(client.doors), guest=self.number, event=self.event.id, ticket=self.ticket
            )
            if call.status not in AGAIN:
                return
            await asyncio.sleep(min(pause, LONGEST_PAUSE))


def is_final(call: Call) -> bool:
    """Tells whether an answer names a status that ends a ticket."""
    return call.state in TERMINAL


def make_guest(number: int, events: list[Happening], seed: Any, run: str) -> Guest:
    """Draws a guest. One in ten has the e-mail of an earlier one, one in four no key."""
    rng = random.Random(f"{seed}/{number}")
    event = rng.choice(events)
    person = rng.randrange(number) if number and rng.random() < 0.1 else number
    return Guest(
        number=number,
        event=event,
        email=f"guest-{person}@example.org",
        key=f"{run}-{number}" if rng.random() < 0.75 else "",
        gives_back=event.cancels and rng.random() < 0.25,
        looks=rng.randint(1, 6),
        rng=rng,
    )
