"""Makes Redis rewrite its files, without what was deleted since.

An append-only file keeps every command, so what was deleted is in it until it is rewritten from the data. The same
holds for a snapshot until the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import redis

from omnify.common.redis_nodes import on_each_master

_LOOK_SECONDS = 0.1


class NotRewritten(Exception):
    """Redis still has the old file. The message says why, to be shown to people."""


class _Files:
    """One rewrite of each kind. `until` is the deadline by `time.monotonic`."""

    def __init__(self, client: redis.Redis, until: float) -> None:
        self._client = client
        self._until = until

    def state(self) -> dict[str, Any]:
        found: Any = self._client.info("persistence")
        return dict(found)

    def rewrite(self, command: str, name: str, *, busy: tuple[str, ...], status: str) -> None:
        """Sends `command` until Redis starts it, and waits for its end. A run that was under way before does not count:
        it may have begun before the deletion."""
        self._wait(lambda: not self._busy(busy), f"{name} is being written for another caller")
        while not self._begun(command):
            self._wait(lambda: not self._busy(busy), f"{name} is being written for another caller")
        self._wait(lambda: not self._busy(busy), f"{name} is still being written")
        if self.state().get(status) != "ok":
            raise NotRewritten(f"Redis could not write {name}; its log says why.")

    def _begun(self, command: str) -> bool:
        try:
            self._client.execute_command(command)  # type: ignore[no-untyped-call]
        except redis.exceptions.NoPermissionError as problem:
            raise NotRewritten(f"The user of REDIS_URL may not call {command}.") from problem
        except redis.ResponseError as problem:
            if "in progress" in str(problem) or "can't" in str(problem).lower():
                return False
            raise NotRewritten(f"Redis refuses {command}.") from problem
        return True

    def _busy(self, names: tuple[str, ...]) -> bool:
        state = self.state()
        return any(state.get(name) for name in names)

    def _wait(self, done: Callable[[], bool], otherwise: str) -> None:
        while not done():
            if time.monotonic() > self._until:
                raise NotRewritten(f"Redis was not done in time: {otherwise}.")
            time.sleep(_LOOK_SECONDS)


def rewrite_files(client: redis.Redis, *, seconds: float) -> list[str]:
    """Makes Redis, or each master of a Cluster, rewrite its files from what it holds now, and waits until it is done.

    Returns sentences about what this does not cover: files of replicas, and snapshots whose configuration is hidden.

    Raises:
        NotRewritten: not allowed, failed, or not done within `seconds`.
        redis.exceptions.RedisError: Redis does not answer.
    """
    until = time.monotonic() + seconds
    return on_each_master(client, lambda master: _rewrite(master, until))


def _rewrite(client: redis.Redis, until: float) -> list[str]:
    files, beyond = _Files(client, until), []
    try:
        state = files.state()
    except redis.ResponseError as problem:
        raise NotRewritten("Redis does not say what it keeps on disk (INFO is refused).") from problem
    if state.get("aof_enabled"):
        busy = ("aof_rewrite_in_progress", "aof_rewrite_scheduled")
        files.rewrite("BGREWRITEAOF", "the append-only file", busy=busy, status="aof_last_bgrewrite_status")
    snapshots = _takes_snapshots(client)
    if snapshots:
        files.rewrite("BGSAVE", "the snapshot", busy=("rdb_bgsave_in_progress",), status="rdb_last_bgsave_status")
    elif snapshots is None:
        beyond.append("Redis hides whether it takes snapshots; an old one may hold the address until the next.")
    replicas: Any = client.info("replication")
    if replicas.get("connected_slaves"):
        beyond.append(f"{replicas['connected_slaves']} replicas have files of their own: call BGREWRITEAOF there.")
    return beyond


def _takes_snapshots(client: redis.Redis) -> bool | None:
    try:
        found: Any = client.config_get("save")
    except redis.ResponseError:
        return None
    return bool(found.get("save", "").strip())
