"""What a case does on its connection, in order."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tests.support.differential.answers import Answer

if TYPE_CHECKING:
    from tests.support.differential.conversation import Client

_TINY_SECONDS = 0.002


class Step(Protocol):
    """One thing to do."""

    def do(self, client: Client) -> None:
        """Does it, also after the other side has ended the connection."""


@dataclass(frozen=True, slots=True)
class Write:
    """Sends bytes in one piece, and waits until so many answers more have come, or the connection has ended.

    `head` says that the answer is to HEAD, and so has no body whatever its length says.
    """

    data: bytes
    answers: int = 1
    head: bool = False

    def do(self, client: Client) -> None:
        client.write(self.data, answers=self.answers, head=self.head)


@dataclass(frozen=True, slots=True)
class Then:
    """Sends what depends on the answers so far, and waits for one more."""

    make: Callable[[list[Answer]], bytes]

    def do(self, client: Client) -> None:
        client.write(self.make(client.answers.found), answers=1)


@dataclass(frozen=True, slots=True)
class Pause:
    """Waits, so that the other side reads what has come so far by itself. It cannot be seen whether it has."""

    seconds: float = _TINY_SECONDS

    def do(self, client: Client) -> None:
        time.sleep(self.seconds)


@dataclass(frozen=True, slots=True)
class AwaitInterim:
    """Waits until the other side has asked for the body."""

    def do(self, client: Client) -> None:
        client.await_interim()


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Says that nothing more will be sent, and still reads."""

    def do(self, client: Client) -> None:
        client.half_close()


@dataclass(frozen=True, slots=True)
class HangUp:
    """Closes the connection: with RST if `reset`, as a phone does that lost its network."""

    reset: bool = False

    def do(self, client: Client) -> None:
        client.hang_up(reset=self.reset)


@dataclass(frozen=True, slots=True)
class HoldStore:
    """From here on Valkey writes nothing, so that registrations stay under way."""

    def do(self, client: Client) -> None:
        client.store.hold()


@dataclass(frozen=True, slots=True)
class AwaitCall:
    """Waits until a registration is under way to Valkey, which holds it."""

    def do(self, client: Client) -> None:
        client.store.await_call()


@dataclass(frozen=True, slots=True)
class ReleaseStore:
    """Lets Valkey write again."""

    def do(self, client: Client) -> None:
        client.store.release()


@dataclass(frozen=True, slots=True)
class ForgetEvent:
    """Has Valkey forget the event, so that it must be loaded."""

    def do(self, client: Client) -> None:
        client.store.forget()


def in_turn(*requests: bytes) -> list[Step]:
    """Each request after the answer to the one before it."""
    return [Write(request) for request in requests]


def pipelined(*requests: bytes) -> list[Step]:
    """All requests in one piece."""
    return [Write(b"".join(requests), answers=len(requests))]


def pieces(request: bytes, *cuts: int, seconds: float = _TINY_SECONDS, answers: int = 1) -> list[Step]:
    """One request in pieces that end at `cuts`, with a pause between them."""
    bounds = [0, *(cut % len(request) for cut in cuts), len(request)]
    parts = [request[start:end] for start, end in itertools.pairwise(bounds)]
    steps: list[Step] = []
    for part in parts[:-1]:
        steps += [Write(part, answers=0), Pause(seconds)]
    return [*steps, Write(parts[-1], answers)]


def under_way(first: bytes, *then: Step, answers: int = 1) -> list[Step]:
    """Does `then` while `first` waits for Valkey, and reads the answers after that."""
    return [HoldStore(), Write(first, answers=0), AwaitCall(), *then, ReleaseStore(), Write(b"", answers)]


Written = bytes | Step | Sequence[bytes | Step]


def as_steps(written: Written) -> list[Step]:
    """The steps of a case that is written as a request, a step, or a list of both."""
    if isinstance(written, bytes):
        return [Write(written)]
    several: Sequence[bytes | Step] = written if isinstance(written, list | tuple) else [written]  # type: ignore[list-item]
    return [Write(one) if isinstance(one, bytes) else one for one in several]
