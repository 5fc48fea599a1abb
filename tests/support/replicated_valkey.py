"""A Valkey with replicas, each a process to freeze, kill or promote."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis

from omnify.common.redis_client import connect
from omnify.embedded.ports import LOOPBACK, free_port
from omnify.embedded.process import Child
from omnify.embedded.valkey import Valkey
from tests.support.run_times import count_start
from tests.support.waiting import wait_until

_STOP_SECONDS = 20.0
# Without the five seconds in which a primary waits for more replicas to come.
_OPTIONS = {"repl-diskless-sync-delay": "0"}


class Node:
    """One server; `client` speaks to it alone."""

    def __init__(self, valkey: Valkey) -> None:
        self.valkey = valkey
        self.child: Child | None = None
        self.client: redis.Redis = connect(valkey.url())

    def start(self) -> None:
        """Starts it, with the data that it had."""
        count_start("replicated Valkeys")
        self.child = self.valkey.start()

    def kill(self) -> None:
        """SIGKILL, also where it is frozen."""
        if self.child is not None:
            self.child.process.kill()
            self.child.process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """A server that keeps its connections and answers nothing."""
        assert self.child is not None
        self.child.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.child.process.send_signal(signal.SIGCONT)

    def answers(self) -> bool:
        """Whether it accepts connections."""
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def replication(self) -> dict[str, Any]:
        """INFO replication."""
        found: Any = self.client.info("replication")
        return dict(found)


class ReplicatedValkey:
    """A primary and its replicas on loopback. With `primary` that one, which is running already."""

    def __init__(self, *, replicas: int = 1, primary: Node | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="omnify-replicas-"))
        self._password = primary.valkey.password if primary else secrets.token_hex(8)
        self.primary = primary or self._node("primary")
        self._own = [] if primary else [self.primary]
        self.replicas = [self._node(f"replica-{number}") for number in range(replicas)]

    def start(self) -> ReplicatedValkey:
        """Starts what is not running. Returns when each replica has all that the primary has."""
        for node in (*self._own, *self.replicas):
            node.start()
        self.primary.client.config_set("repl-diskless-sync-delay", 0)
        for node in self.replicas:
            self.follow(node, self.primary)
        return self

    def follow(self, node: Node, primary: Node) -> None:
        """Makes a server the replica of another, and waits until it has all and keeps it on disk."""
        node.client.config_set("primaryauth", self._password)
        node.client.replicaof(LOOPBACK, primary.valkey.port)
        wait_until(lambda: node.replication()["master_link_status"] == "up", "the replica has all")
        wait_until(lambda: _rewrites(node) == 0, "its append-only file begins with all")

    def wait_for_replica(self, node: Node) -> None:
        """Returns when a replica has all that the primary has now."""
        sent = self.primary.replication()["master_repl_offset"]
        wait_until(lambda: node.replication()["master_repl_offset"] >= sent, "the replica has all")

    def take_over(self, node: Node) -> None:
        """Makes a replica the primary, at the address of the one that was killed."""
        node.client.replicaof("NO", "ONE")
        node.client.config_set("port", self.primary.valkey.port)
        node.client.close()
        node.client = connect(self.primary.valkey.url())
        wait_until(node.answers, "it answers at its new address")

    @contextlib.contextmanager
    def cut_off(self, node: Node) -> Iterator[None]:
        """A frozen replica whose connection the primary has closed: nothing more reaches it, now or later."""
        with node.frozen():
            self.primary.client.client_kill_filter(_type="replica")
            yield

    def close(self) -> None:
        """Ends everything, and removes its data."""
        for node in (*self.replicas, *self._own):
            node.client.close()
            node.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def _node(self, name: str) -> Node:
        folder, log = self.home / name, self.home / f"{name}.log"
        return Node(Valkey(directory=folder, log=log, port=free_port(), password=self._password, options=_OPTIONS))


def _rewrites(node: Node) -> int:
    found: Any = node.client.info("persistence")
    return int(found["aof_rewrite_in_progress"]) + int(found["aof_rewrite_scheduled"])
