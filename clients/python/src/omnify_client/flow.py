"""What a call does, without doing it: a generator of actions that a driver carries out, blocking or with asyncio.

    reply = yield Send(request)      a Response; Unreachable is thrown in where there is none
    reply = yield Open(request)      the same, and its body is left to Read
    piece = yield Read()             bytes of it; None at its end
    yield Sleep(seconds)
    yield Emit(value)                the next value of an iteration

So retries, waiting and paging are written once, and tested without a network or a clock.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from omnify_client.errors import ApiConnectionError, ApiError, OmnifyError, api_error

RETRIED = frozenset({429, 500, 502, 503, 504})
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 8.0

Result = TypeVar("Result")


class Unreachable(Exception):
    """There was no response: no connection, it broke, or time was up. The request may have been carried out."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request of the service. Every one has the effect of one when it is carried out twice, some by their key.

    `secret_key` is its Idempotency-Key, if it has one.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    secret_key: str | None = None


@dataclass(frozen=True)
class Response:
    """A response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    def json(self) -> Any:
        """Returns the parsed body; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def data(self) -> Any:
        """What a response that worked carries."""
        body = self.json()
        return body.get("data") if isinstance(body, Mapping) else None

    @property
    def understood(self) -> bool:
        """Whether it is a success in the service's shape, and not a page that something in between has made."""
        body = self.json()
        shaped = isinstance(body, Mapping) and body.get("success") is True
        return self.status == 204 or (200 <= self.status < 300 and shaped)


@dataclass(frozen=True)
class Send:
    """Sends a request; `seconds` may pass until the response, or its next piece, is there."""

    request: Request
    seconds: float


@dataclass(frozen=True)
class Open:
    """The same, for a body without an end, which any other action but Read and Emit closes."""

    request: Request
    seconds: float


@dataclass(frozen=True)
class Read:
    """Waits for the next piece of what is open."""


@dataclass(frozen=True)
class Sleep:
    """Lets time pass."""

    seconds: float


@dataclass(frozen=True)
class Emit:
    """Hands a value to those who iterate."""

    value: Any


Action = Send | Open | Read | Sleep | Emit
Flow = Generator[Action, Any, Result]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """For how long a client tries, in seconds: `timeout` of a response, `retry_seconds` of a call with its retries."""

    timeout: float = 30.0
    retry_seconds: float = 60.0
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random

    def pause(self, failures: int) -> float:
        """Draws the pause after so many failures in a row: up to twice as long each time, half of it by chance, so
        that clients that failed together do not come back together."""
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
        return longest * (0.5 + 0.5 * self.random())


def call(policy: Policy, request: Request) -> Flow[Response]:
    """Returns the response of a call that worked, after as many tries as there is time for.

    Raises:
        ApiError: the service refused, or still fails when the time is up.
        ApiConnectionError: there was no readable response in that time.
    """
    until = policy.clock() + policy.retry_seconds
    failures = 0
    while True:
        problem: OmnifyError
        seconds = max(1.0, min(policy.timeout, until - policy.clock()))
        try:
            response: Response = yield Send(request, seconds)
        except Unreachable as reason:
            problem, wait = ApiConnectionError(f"no response: {reason}"), 0.0
        else:
            if response.understood or response.status == 304:
                return response
            problem = refusal(response)
            if not is_passing(problem):
                raise problem
            wait = retry_after(response) or 0.0
        failures += 1
        wait = max(wait, policy.pause(failures))
        if policy.clock() + wait > until:
            problem.idempotency_key = request.secret_key
            raise problem
        yield Sleep(wait)


def refusal(response: Response) -> OmnifyError:
    """Returns the error that a response is. A success that is not the service's is no answer."""
    if 200 <= response.status < 300:
        return ApiConnectionError("the response is not the service's")
    return api_error(response.status, response.json(), retry_after(response))


def is_passing(problem: OmnifyError) -> bool:
    """Tells whether the same request may work later."""
    return isinstance(problem, ApiConnectionError) or (isinstance(problem, ApiError) and problem.status in RETRIED)


def retry_after(response: Response) -> float | None:
    """Returns the seconds in `Retry-After`, which is a number or a date (RFC 9110, 10.2.3); None without it."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
