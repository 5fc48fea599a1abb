"""Writes that are answered once enough replicas of Redis have them.

`WAIT` answers when that many replicas have acknowledged the last write *of its own connection*; with `appendfsync
always` a replica acknowledges after its fsync (`docs/replicas.md`). A call that finds its work done by an earlier one,
the retry of a registration say, writes nothing, and `WAIT` would answer at once though no replica has the earlier
write. So each `WAIT` follows a write of its own: a small key in the slot of the call's own keys, written after them.

Here are the clients for what is not on the door's bare connection, which `events.admission.replicated_link` is for.
"""

from __future__ import annotations

import re
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import RedisError

# Well within the four seconds for which an admission is valid, and the five in which every call is answered.
WAIT_MS = 1000
_MARK_TTL_MS = 60_000
_TAG = re.compile(r"\{[^}]+\}")

Command = tuple[Any, ...]


class NotReplicated(RedisError):
    """Too few replicas have the write; the server has it. Repeating the call waits for them again."""


def confirming(key: str, replicas: int) -> tuple[Command, Command]:
    """Returns the two commands after calls of which the last one has this key: the mark, and the wait."""
    tag = _TAG.match(key)
    mark = f"{tag[0]}:replicated" if tag else "omnify:replicated"
    return ("SET", mark, "1", "PX", _MARK_TTL_MS), ("WAIT", replicas, WAIT_MS)


def problem_of(marked: Any, counted: Any, replicas: int) -> NotReplicated | None:
    """Reads the replies to the two commands; None if enough replicas have everything before them."""
    for reply in (marked, counted):
        if isinstance(reply, Exception):
            return NotReplicated(f"not known to be on {replicas} replicas: {reply}")
    return None if counted >= replicas else NotReplicated(f"on {counted} of {replicas} replicas in time")


def require_replicas(client: redis.Redis, key: str, replicas: int) -> None:
    """Returns when enough replicas have all that has been written beside `key`, by whatever client.

    Raises:
        NotReplicated: they were not in time.
        redis.exceptions.RedisError: the server did not answer.
    """
    with client.pipeline(transaction=False) as pipe:
        for command in confirming(key, replicas):
            pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        marked, counted = pipe.execute(raise_on_error=False)
    if problem := problem_of(marked, counted, replicas):
        raise problem


class ReplicatedClient:
    """A blocking client whose script calls return when the replicas have them. It has the one method that scripts use.

    A reply that is an error is raised as it is; NotReplicated if the script has run, and too few replicas have it.
    """

    def __init__(self, client: redis.Redis, replicas: int) -> None:
        self._client = client
        self._replicas = replicas

    def execute_command(self, *args: Any) -> Any:
        """Runs a script and returns its reply. Raises redis.exceptions.RedisError."""
        with self._client.pipeline(transaction=False) as pipe:
            for command in (args, *confirming(_first_key(args), self._replicas)):
                pipe.execute_command(*command)  # type: ignore[no-untyped-call]
            return _checked(pipe.execute(raise_on_error=False), self._replicas)


class AsyncReplicatedClient:
    """The same on the event loop, for addresses that a bare connection cannot use."""

    def __init__(self, client: redis.asyncio.Redis, replicas: int) -> None:
        self._client = client
        self.connection_pool = client.connection_pool
        self._replicas = replicas

    async def execute_command(self, *args: Any) -> Any:
        """Runs a script and returns its reply. Raises redis.exceptions.RedisError."""
        async with self._client.pipeline(transaction=False) as pipe:
            for command in (args, *confirming(_first_key(args), self._replicas)):
                pipe.execute_command(*command)
            return _checked(await pipe.execute(raise_on_error=False), self._replicas)

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.aclose()


def _first_key(args: tuple[Any, ...]) -> str:
    """Returns the first key of a script call: EVALSHA, digest, number of keys, key, ..."""
    return str(args[3])


def _checked(replies: list[Any], replicas: int) -> Any:
    reply, marked, counted = replies
    if isinstance(reply, Exception):
        raise reply
    if problem := problem_of(marked, counted, replicas):
        raise problem
    return reply
