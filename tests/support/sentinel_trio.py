"""A master, a replica and three Sentinels that watch them, on this machine."""

from __future__ import annotations

import contextlib
import secrets
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from omnify.common.redis_client import connect
from omnify.embedded.ports import LOOPBACK, port_of, reserve_port
from omnify.embedded.process import Child, start_child
from omnify.embedded.valkey import Valkey, find_binary
from tests.support.run_times import count_start
from tests.support.valkey_cluster import answers, until

SERVICE = "queue"
DOWN_AFTER_MS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedValkey(Valkey):
    """A Valkey that follows `master`, a port, or none."""

    master: int | None

    def config(self) -> str:
        options = {"masterauth": self.password, "repl-diskless-sync-delay": "0", "repl-ping-replica-period": "1"}
        if self.master is not None:
            options["replicaof"] = f"{LOOPBACK} {self.master}"
        return Valkey.config(self) + "".join(f"{name} {value}\n" for name, value in options.items())


class SentinelTrio:
    """`servers` are the master and its replica at first; a failover exchanges them."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="omnify-sentinel-")
        self._password = secrets.token_hex(8)
        self._holders = [reserve_port() for _ in range(5)]
        first, second, *self._sentinel_ports = map(port_of, self._holders)
        self.servers = [self._server(first, None), self._server(second, first)]
        self._children: list[Child | None] = [None, None]
        self._sentinels: list[Child] = []

    def _server(self, port: int, master: int | None) -> WatchedValkey:
        home = Path(self._home.name)
        return WatchedValkey(
            directory=home / f"valkey{port}",
            log=home / f"valkey{port}.log",
            port=port,
            password=self._password,
            master=master,
        )

    @property
    def url(self) -> str:
        """The queue's address."""
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self._sentinel_ports)
        return f"redis+sentinel://:{self._password}@{hosts}/{SERVICE}/0"

    @property
    def broker_url(self) -> str:
        """The broker's address, in kombu's own form."""
        hosts = ",".join(f"{LOOPBACK}:{port}" for port in self._sentinel_ports)
        return f"sentinel://:{self._password}@{hosts}/1?master_name={SERVICE}"

    def start(self) -> None:
        """Starts all of them. Returns when the Sentinels know the replica and each other."""
        count_start("Sentinel trios")
        self._children = [server.spawn() for server in self.servers]
        for server in self.servers:
            until(lambda server=server: is_up(server), "a server starts")  # type: ignore[misc]
        until(lambda: replica_is_in_line(self.servers[1]), "the replica has a copy")
        self._sentinels = [self._spawn_sentinel(port) for port in self._sentinel_ports]
        for port in self._sentinel_ports:
            until(lambda port=port: knows_all(port), "a Sentinel knows all")  # type: ignore[misc]

    def _spawn_sentinel(self, port: int) -> Child:
        home = Path(self._home.name) / f"sentinel{port}"
        home.mkdir(mode=0o700)
        config = home / "sentinel.conf"
        options = {
            "port": str(port),
            "bind": LOOPBACK,
            "dir": str(home),
            "sentinel monitor": f"{SERVICE} {LOOPBACK} {self.servers[0].port} 2",
            "sentinel auth-pass": f"{SERVICE} {self._password}",
            "sentinel down-after-milliseconds": f"{SERVICE} {DOWN_AFTER_MS}",
            "sentinel failover-timeout": f"{SERVICE} 5000",
        }
        config.write_text("".join(f"{name} {value}\n" for name, value in options.items()), "utf-8")
        log, env = home.with_suffix(".log"), {"PATH": "/usr/bin:/bin"}
        return start_child("sentinel", [find_binary(), config, "--sentinel"], log=log, env=env)

    @property
    def master(self) -> int:
        """Which of the servers most Sentinels call the master."""
        ports = [int(found["port"]) for found in map(_master_of, self._sentinel_ports)]
        return [server.port for server in self.servers].index(max(ports, key=ports.count))

    def kill(self, number: int) -> None:
        child = self._children[number]
        assert child is not None
        child.process.kill()
        child.process.wait()

    def freeze(self, number: int) -> None:
        child = self._children[number]
        assert child is not None
        child.process.send_signal(signal.SIGSTOP)

    def thaw(self, number: int) -> None:
        child = self._children[number]
        assert child is not None
        child.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends all of them and removes their data."""
        for child in (*self._sentinels, *self._children):
            if child is not None and child.running:
                child.process.kill()
                child.process.wait()
        for holder in self._holders:
            with contextlib.suppress(OSError):
                holder.close()
        self._home.cleanup()


@contextlib.contextmanager
def running_trio() -> Iterator[SentinelTrio]:
    """A trio of the block's own."""
    trio = SentinelTrio()
    try:
        trio.start()
        yield trio
    finally:
        trio.stop()


def is_up(server: Valkey) -> bool:
    with connect(server.url()) as client:
        return answers(client)


def replica_is_in_line(server: Valkey) -> bool:
    with connect(server.url()) as client:
        found: Any = client.info("replication")
    return bool(found["role"] == "slave" and found["master_link_status"] == "up")


def wait_for_replica(server: Valkey) -> None:
    """Returns when the replica has everything, which a 202 without QUEUE_REPLICAS does not wait for."""
    with connect(server.url()) as client:
        assert client.execute_command("WAIT", 1, 5000) == 1


def _master_of(port: int) -> dict[str, Any]:
    with redis.Redis(LOOPBACK, port, socket_timeout=5) as sentinel:
        found: dict[str, Any] = sentinel.sentinel_master(SERVICE)
        return found


def knows_all(port: int) -> bool:
    try:
        found = _master_of(port)
    except redis.RedisError:
        return False
    return bool(found["num-slaves"] == 1 and found["num-other-sentinels"] == 2)
