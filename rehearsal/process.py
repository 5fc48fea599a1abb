"""One process of the crowd, and the runner's handle on it.

The process sends a `Tally` several times a second, and at the end a `WorkloadResult`, or a sentence that says why there
is none. The runner sends it `Command`s. If the runner is gone, the process ends, since its pipe is broken.
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
from rehearsal.records import Tally, Workload, WorkloadResult

TALLY_SECONDS = 0.2


class Command(StrEnum):
    """A command of the runner to a process."""

    ALL_IDLE = "all idle"  # every process is done: read all tickets again
    GIVE_UP = "give up"


class CrowdFailed(Exception):
    """A process of the crowd ended without its observations."""


class Process:
    """The runner's end of one process."""

    def __init__(self, workload: Workload) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.tally = Tally()
        self.result: WorkloadResult | None = None
        self._process: SpawnProcess = context.Process(target=run_workload, args=(workload, theirs), daemon=True)
        with _ignore_interrupts():
            self._process.start()
        theirs.close()

    def send(self, command: Command) -> None:
        with contextlib.suppress(OSError):
            self.pipe.send(command)

    def read(self) -> None:
        """Receives the next message. Raises CrowdFailed if the process has failed."""
        try:
            message = self.pipe.recv()
        except (EOFError, OSError):
            self._process.join(5)
            raise CrowdFailed(f"a process of the crowd ended with {self._process.exitcode}") from None
        if isinstance(message, Tally):
            self.tally = message
        elif isinstance(message, WorkloadResult):
            self.result = message
        else:
            raise CrowdFailed(str(message))

    def end(self) -> None:
        """Ends the process, whatever state it is in."""
        if self.result is None:
            self._process.kill()
        self._process.join()
        self._process.close()
        self.pipe.close()


class Processes:
    """All processes of a crowd; none is left after the `with` block."""

    def __init__(self, workloads: list[Workload]) -> None:
        self._workloads = workloads
        self._all: list[Process] = []

    def __enter__(self) -> Processes:
        try:
            for workload in self._workloads:
                self._all.append(Process(workload))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._all:
            process.end()

    def read(self, *, timeout: float) -> bool:
        """Receives messages for `timeout` seconds at most. Returns False when every process has sent its result."""
        busy = {process.pipe: process for process in self._all if process.result is None}
        for pipe in wait(list(busy), timeout):
            assert isinstance(pipe, Connection)
            busy[pipe].read()
        return any(process.result is None for process in self._all)

    def tally(self) -> Tally:
        return sum((process.tally for process in self._all), Tally())

    def results(self) -> list[WorkloadResult]:
        return [process.result for process in self._all if process.result is not None]

    def send(self, command: Command) -> None:
        for process in self._all:
            process.send(command)


def run_workload(workload: Workload, pipe: Connection) -> None:
    """Runs one workload: the main function of a process of the crowd."""
    with contextlib.suppress(BrokenPipeError):
        try:
            pipe.send(uvloop.run(_observe(Guests(workload), pipe)))
        except* Unreadable as problems:
            pipe.send(str(problems.exceptions[0]))


async def _observe(guests: Guests, pipe: Connection) -> WorkloadResult:
    observing = asyncio.create_task(guests.run())
    try:
        while not observing.done():
            await asyncio.wait([observing], timeout=TALLY_SECONDS)
            pipe.send(guests.tally())
            if pipe.poll():
                if pipe.recv() is Command.GIVE_UP:
                    guests.given_up.set()
                guests.all_idle.set()
    finally:
        observing.cancel()
    return await observing


@contextlib.contextmanager
def _ignore_interrupts() -> Iterator[None]:
    """Lets processes that start meanwhile ignore Ctrl-C, which the terminal sends to all; the runner handles it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
