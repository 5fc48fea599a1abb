"""The clients for Python, blocking and with asyncio, and for JavaScript behind one face: tests hold all to the same."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from omnify_client import AsyncOmnify, Omnify, OmnifyError
from omnify_client.models import Resource

NODE = shutil.which("node")
PROGRAM = Path(__file__).with_name("client_program.mjs")


@dataclass(frozen=True)
class Outcome:
    """The values that a call gave, as the API names their fields, and the error that ended it: its name and more."""

    values: list[Any]
    error: dict[str, Any] | None

    @property
    def value(self) -> Any:
        """The one value of a call that worked."""
        assert self.error is None, self.error
        [value] = self.values
        return value

    @property
    def statuses(self) -> list[str]:
        """Of tickets that came one by one."""
        return [ticket["status"] for ticket in self.values]


Run = Callable[..., Outcome]


def blocking(
    url: str, call: str, *args: Any, retry_seconds: float = 60.0, token: str | None = None, **named: Any
) -> Outcome:
    """Runs a call of `Omnify`."""
    with Omnify(url, token, retry_seconds=retry_seconds) as client:
        values: list[Any] = []
        try:
            result = getattr(client, call)(*args, **named)
            for value in result if isinstance(result, Iterator) else [result]:
                values.append(_plain(value))  # noqa: PERF401 - what came before an error counts
        except OmnifyError as problem:
            return Outcome(values, _error(problem))
    return Outcome(values, None)


def asynchronous(
    url: str, call: str, *args: Any, retry_seconds: float = 60.0, token: str | None = None, **named: Any
) -> Outcome:
    """Runs a call of `AsyncOmnify`."""

    async def run() -> Outcome:
        async with AsyncOmnify(url, token, retry_seconds=retry_seconds) as client:
            values: list[Any] = []
            try:
                result = getattr(client, call)(*args, **named)
                if isinstance(result, AsyncIterator):
                    async for value in result:
                        values.append(_plain(value))  # noqa: PERF401
                else:
                    values.append(_plain(await result))
            except OmnifyError as problem:
                return Outcome(values, _error(problem))
        return Outcome(values, None)

    return asyncio.run(run())


def javascript(
    url: str, call: str, *args: Any, retry_seconds: float = 60.0, token: str | None = None, **named: Any
) -> Outcome:
    """Runs a call of the client for JavaScript, in Node."""
    names = {_camel(name): value for name, value in named.items()}
    options = {"retrySeconds": retry_seconds, "token": token}
    said = in_node({"url": url, "options": options, "call": _camel(call), "args": [*args, names] if names else args})
    values = [one["value"] for one in said if "value" in one]
    return Outcome(values, next((one["error"] for one in said if "error" in one), None))


def in_node(what: dict[str, Any]) -> list[dict[str, Any]]:
    """Runs `client_program.mjs`, and returns what it said line by line."""
    assert NODE is not None
    done = subprocess.run([NODE, str(PROGRAM)], input=json.dumps(what), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")
# That for JavaScript takes a process for each call, and is left to the soak.
every_client = pytest.mark.parametrize(
    "run", [blocking, asynchronous, pytest.param(javascript, marks=[needs_node, pytest.mark.soak(only=True)])]
)


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _plain(value: Any) -> Any:
    return dict(value.raw) if isinstance(value, Resource) else value


def _error(problem: OmnifyError) -> dict[str, Any]:
    return {
        "name": type(problem).__name__,
        "message": str(problem),
        "code": getattr(problem, "code", None),
        "status": getattr(problem, "status", None),
        "retry_after": getattr(problem, "retry_after", None),
        "key": problem.idempotency_key,
        "shown": f"{problem!r} {problem}",
    }
