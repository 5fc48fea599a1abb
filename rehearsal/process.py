"""One process of the crowd, and the handle by which the conductor holds it.

Over the pipe go, towards the conductor: a `Tally` several times a second, at the end a `Share`, or a
sentence that says why there is none; towards the process: a `Sign`. A process whose
conductor is gone ends by itself, because nobody reads its tallies any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from enum import StrEnum
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import uvloop

from rehearsal.guests import Guests
from rehearsal.http import Unreadable
from rehearsal.records import Part, Share, Tally

TALLY_SECONDS = 0.2


class Sign(StrEnum):
    """What the conductor tells a process."""

    ALL_REST = "all rest"  # nobody moves any more: look again
    GIVE_UP = "give up"


class CrowdFailed(Exception):
    """A process of the crowd ended without its observations."""


class Process:
    """The conductor's end of one process."""

    def __init__(self, part: Part) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.tally = Tally()
        self.share: Share | None = None
        self._process: SpawnProcess = context.Process(target=run_part, args=(part, theirs), daemon=True)
        with _interrupts_held_back():
            self._process.start()
        theirs.close()

    def tell(self, sign: Sign) -> None:
        with contextlib.suppress(OSError):
            self.pipe.send(sign)

    def read(self) -> None:
        """Takes the next message, or raises CrowdFailed."""
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(5)
            raise CrowdFailed(f"a process of the crowd ended with {self._process.exitcode}") from None
        if isinstance(message, Tally):
            self.tally = message
        elif isinstance(message, Share):
            self.share = message
        else:
            raise CrowdFailed(str(message))

    def end(self) -> None:
        """Leaves no process behind, whatever state it is in."""
        if self.share is None:
            self._process.kill()
        self._process.join()
        self._process.close()
        self.pipe.close()


class Processes:
    """All processes of a crowd; at the end of the `with` none is left."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._all: list[Process] = []

    def __enter__(self) -> Processes:
        try:
            for part in self._parts:
                self._all.append(Process(part))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._all:
            process.end()

    def read(self, *, timeout: float) -> bool:
        """Takes what has come within `timeout` seconds; False when every process has handed in its share."""
        busy = {process.pipe: process for process in self._all if process.share is None}
        for pipe in wait(list(busy), timeout):
            assert isinstance(pipe, Connection)
            busy[pipe].read()
        return any(process.share is None for process in self._all)

    def tally(self) -> Tally:
        return sum((process.tally for process in self._all), Tally())

    def shares(self) -> list[Share]:
        return [process.share for process in self._all if process.share is not None]

    def tell(self, sign: Sign) -> None:
        for process in self._all:
            process.tell(sign)


def run_part(part: Part, pipe: Connection) -> None:
    """The whole life of a process of the crowd."""
    with contextlib.suppress(BrokenPipeError):
        try:
            pipe.send(uvloop.run(_observe(Guests(part), pipe)))
        except* Unreadable as problems:
            pipe.send(str(problems.exceptions[0]))


async def _observe(guests: Guests, pipe: Connection) -> Share:
    observing = asyncio.create_task(guests.run())
    try:
        while not observing.done():
            await asyncio.wait([observing], timeout=TALLY_SECONDS)
            pipe.send(guests.tally())
            if pipe.poll():
                if pipe.recv() is Sign.GIVE_UP:
                    guests.given_up.set()
                guests.all_rest.set()
    finally:
        observing.cancel()
    return await observing


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """What starts meanwhile ignores Ctrl-C, which reaches every process; the conductor is the one who answers it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
