"""The door's bare connection for calls that are answered when replicas have them.

A flight ends with one `WAIT` for all of its calls, and leaves in one write; its replies are held back until that is
answered. If too few replicas were in time, every call of the flight fails: its client is told 503, and the retry finds
what was written and waits again.
"""

from __future__ import annotations

from typing import Any

import hiredis
from redis.exceptions import RedisError

from events.admission.connection import Connection
from events.admission.link import Link
from omnify.common.replicas import confirming, problem_of


class ReplicatedLink(Link):
    """A link whose calls return when `replicas` replicas have them. Reads belong on another link: they need not wait.

    Its calls also raise NotReplicated.
    """

    def __init__(self, url: str, *, replicas: int) -> None:
        super().__init__(url)
        self._replicas = replicas

    def _new_connection(self) -> Connection:
        return _ReplicatedConnection(self._replicas)


class _ReplicatedConnection(Connection):
    def __init__(self, replicas: int) -> None:
        super().__init__()
        self._replicas = replicas
        self._key = ""
        # Whether the flight in the air ends with a wait.
        self._waits = False
        self._replies: list[Any] = []

    def ask(self, args: tuple[Any, ...]) -> Any:
        """Returns the reply to come."""
        if args[0] in ("EVALSHA", "EVAL"):
            self._key = args[3]
        return super().ask(args)

    def _send(self) -> None:
        # Logging in is no write, and must not wait for replicas.
        self._waits = bool(self._queued and self._key)
        if self._waits:
            self._queued += [hiredis.pack_command(command) for command in confirming(self._key, self._replicas)]
        super()._send()

    def _answer(self, reply: Any) -> None:
        if not self._waits:
            super()._answer(reply)
            return
        self._replies.append(reply)
        if self._in_flight:
            return
        *replies, marked, counted = self._replies
        self._replies = []
        problem = problem_of(marked, counted, self._replicas)
        for each in replies:
            super()._answer(each if problem is None or isinstance(each, RedisError) else problem)
