"""The crowd, in a process of its own on a host of its own: `python -m chaos.crowd PLAN HISTORY`.

Reads what to do from PLAN (JSON), writes what happened to HISTORY. Guests come for as long as the plan says. When the
line "healed" comes on its standard input, it asks once more for every registration that has no answer yet and for every
ticket, until all are decided; then it prints "settled". At "emptied" it looks at every ticket for the last time and
prints "looked", and it ends when its input does. Webhooks are taken in until then.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from chaos.client import Client
from chaos.guest import AGAIN, LONGEST_PAUSE, Guest, Happening, make_guest
from chaos.history import Call, Message, Writer
from events.domain.states import Status
from rehearsal.receiver import Message as Received
from rehearsal.receiver import Receiver

RECEIVER_PORT = 9000
# Since the last guest was done: how long they take together is the machine's affair.
SETTLE_SECONDS = 120.0
AT_ONCE = 32
NOT_FOUND = 404
LOOK_SECONDS = 0.5


class Plan(msgspec.Struct, frozen=True):
    """What the crowd does. `rate` is in new guests a second; `host` is the crowd's own address."""

    host: str
    doors: list[str]
    events: list[Happening]
    secret: str
    seed: int
    rate: float
    seconds: float


class Crowd:
    """Everyone in it, by number."""

    def __init__(self, plan: Plan, client: Client) -> None:
        self._plan, self._client = plan, client
        self._over = asyncio.Event()
        self._visits: set[asyncio.Task[None]] = set()
        self.guests: list[Guest] = []
        self._progress = 0.0

    async def come(self) -> None:
        """Lets guests come one after the other, at random moments, until the plan's time is over."""
        rng = random.Random(self._plan.seed)
        until = time.monotonic() + self._plan.seconds
        watch = asyncio.create_task(self._watch())
        while time.monotonic() < until:
            guest = make_guest(len(self.guests), self._plan.events, self._plan.seed, f"run-{self._plan.seed}")
            self.guests.append(guest)
            visit = asyncio.create_task(guest.visit(self._client, self._over))
            self._visits.add(visit)
            visit.add_done_callback(self._visits.discard)
            await asyncio.sleep(rng.expovariate(self._plan.rate))
        self._over.set()
        await asyncio.gather(watch, *self._visits)

    async def settle(self) -> None:
        """Asks until every registration is answered and every ticket decided, or none was for SETTLE_SECONDS."""

        async def end(guest: Guest) -> None:
            while guest.key and not guest.settled and self._hopes():
                await guest.try_once(self._client)
            while guest.ticket and self._hopes() and not await self._decided(guest):
                pass

        await self._each(end)

    async def look_again(self) -> None:
        """Asks for every ticket until there is an answer, or none was for SETTLE_SECONDS."""

        async def look(guest: Guest) -> None:
            while guest.ticket and self._hopes() and not await self._answered(guest):
                pass

        await self._each(look)

    async def _each(self, end: Callable[[Guest], Awaitable[None]]) -> None:
        limit = asyncio.Semaphore(AT_ONCE)
        self._progress = time.monotonic()

        async def one(guest: Guest) -> None:
            async with limit:
                await end(guest)
            if self._hopes():
                self._progress = time.monotonic()

        await asyncio.gather(*map(one, self.guests))

    def _hopes(self) -> bool:
        return time.monotonic() < self._progress + SETTLE_SECONDS

    async def _answered(self, guest: Guest) -> bool:
        call, pause = await self._look(guest)
        if call.status in AGAIN:
            await asyncio.sleep(min(pause, LONGEST_PAUSE))
        return call.status not in AGAIN

    async def _decided(self, guest: Guest) -> bool:
        call, pause = await self._look(guest)
        decided = call.status == NOT_FOUND or call.state not in ("", Status.QUEUED)
        if not decided:
            await asyncio.sleep(min(pause, LONGEST_PAUSE))
        return decided

    async def _look(self, guest: Guest) -> tuple[Call, float]:
        door = guest.rng.choice(self._client.doors)
        return await self._client.status(door, guest=guest.number, event=guest.event.id, ticket=guest.ticket)

    async def _watch(self) -> None:
        while not self._over.is_set():
            for event in self._plan.events:
                await self._client.look_at(random.choice(self._client.doors), event.id)
            await asyncio.sleep(LOOK_SECONDS)


async def _main(plan: Plan, writer: Writer) -> None:
    crowd = Crowd(plan, Client(plan.doors, writer))
    await crowd.come()
    await _line("healed")
    await crowd.settle()
    print("settled", flush=True)
    await _line("emptied")
    await crowd.look_again()
    print("looked", flush=True)
    await _line("end")


async def _line(word: str) -> None:
    """Waits for a line on the standard input, or its end."""
    line = await asyncio.to_thread(sys.stdin.readline)
    if line.strip() not in (word, ""):
        raise SystemExit(f"crowd: {word!r} expected, not {line!r}")


def _receive(writer: Writer, received: Received) -> None:
    ticket, state = str(received.data.get("ticket_id", "")), str(received.data.get("status", ""))
    genuine = received.verified is True
    writer.write(Message(at=time.monotonic(), id=received.id, ticket=ticket, state=state, genuine=genuine))


def main(plan: Path, history: Path) -> None:
    """Runs the crowd."""
    read = msgspec.json.decode(plan.read_bytes(), type=Plan)
    with Writer(history) as writer:
        receiver = Receiver(lambda message: _receive(writer, message), port=RECEIVER_PORT, host=read.host)
        receiver.secrets.append(read.secret)
        with receiver:
            asyncio.run(_main(read, writer))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
