"""The hosts of a run: starts what a layout names, strikes single nodes, and starts them again.

Nothing comes back by itself, so what a fault took away stays away until it heals.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Sequence, Set
from pathlib import Path

import httpx

from chaos.addresses import DOOR_PORT, broker_url, queue_url
from chaos.clocks import Clocks
from chaos.databases import COPYING
from chaos.layout import Kind, Layout, Node
from chaos.network import Network
from chaos.outcome import read_progress
from chaos.processes import send
from chaos.stores import Stores
from events.admission.queue import Queue
from events.admission.snapshots import event_progress
from omnify.common.redis_client import connect
from omnify.embedded.home import Home
from omnify.embedded.process import CannotStart, Child, wait_for
from omnify.embedded.programs import ROOT, Programs, child_environment, service_values

# Long enough for any machine: what has waited so long in vain does not come.
READY_SECONDS = 300.0
STORES: tuple[Kind, ...] = ("valkey", "sentinel", "postgres")


class Hosts:
    """All nodes of a layout, each a process to strike. Call from the main thread."""

    def __init__(self, layout: Layout, network: Network, home: Path, *, haste: int) -> None:
        self.layout, self.network = layout, network
        self._home = home
        self._haste = haste
        self._lock = os.open(home / "children.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._secret = secrets.token_hex(32)
        self._password = secrets.token_hex(8)
        self.children: dict[str, Child] = {}
        # Nodes that were killed or asked to end, until they are started again.
        self.ending: set[str] = set()
        for host in layout.hosts:
            for folder in ("log", "metrics", "faults"):
                (home / host / folder).mkdir(parents=True)
            (home / host).chmod(0o711)
        self.clocks = Clocks(home / "clocks")
        self.stores = Stores(layout, network, home, password=self._password, clocks=self.clocks)

    # Starting and ending

    def start(self) -> None:
        """Starts everything for the first time. Returns when every door is ready."""
        for node in self.layout.of(*STORES):
            with self.network.on(node.host):
                self.children[node.name] = self.stores.start(node)
        self.stores.join()
        self._set_up()
        for node in self.layout.of("door", "drain", "dispatcher"):
            self.start_node(node)
        self.wait_until(self.ready, seconds=READY_SECONDS, what="every door is ready")

    def start_node(self, node: Node) -> None:
        """Starts a node again, without waiting until it answers."""
        with self.network.on(node.host):
            self.children[node.name] = self._starts(node)()
        self.ending.discard(node.name)

    def start_missing(self, host: str, but: Set[str] = frozenset()) -> None:
        """Starts what does not run on a host, `but` for some. What cannot start yet waits for the next time."""
        for node in self.layout.on(host):
            if not self.running(node.name) and node.name not in but:
                with contextlib.suppress(CannotStart):
                    self.start_node(node)

    def running(self, name: str) -> bool:
        return name in self.children and self.children[name].running

    def close(self) -> None:
        """Ends everything, by force: the data goes with the run."""
        for child in self.children.values():
            send(child.pid, signal.SIGKILL)
            child.process.wait()
        self.stores.close()
        os.close(self._lock)

    # Faults

    def kill(self, name: str) -> None:
        """Kills a node as a power cut does: all its processes at once."""
        if self.running(name):
            self.ending.add(name)
            send(self.children[name].pid, signal.SIGKILL)
            self.children[name].process.wait()

    def freeze(self, name: str) -> None:
        if self.running(name):
            send(self.children[name].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        if self.running(name):
            send(self.children[name].pid, signal.SIGCONT)

    def request_stop(self, name: str) -> None:
        """Asks a node to end as an operator would."""
        if self.running(name):
            self.ending.add(name)
            self.children[name].request_stop()

    # Looking

    def url(self, node: Node) -> str:
        """Returns a door's address."""
        return f"http://{self.network.addresses[node.host]}:{DOOR_PORT}"

    @property
    def token(self) -> str:
        """The organizer's token."""
        return (self._home / self._first_door.host / "organizer-token").read_text("utf-8").strip()

    def database_url(self) -> str:
        """Returns the superuser's URL of the PostgreSQL that can be written to."""
        return self.stores.databases.server.url()

    def ready(self) -> bool:
        """Tells whether all nodes run and every door calls itself ready. A PostgreSQL that is being copied does not."""
        missing = [node.name for node in self.layout.nodes if not self.running(node.name)]
        copying = [child.name for child in self.children.values() if child.name == COPYING]
        return not missing and not copying and all(_answers(self.url(node)) for node in self.layout.of("door"))

    def wait_until(self, done: Callable[[], bool], *, seconds: float, what: str) -> None:
        """Returns when `done()` is true. Raises TimeoutError naming `what`."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {seconds:g} s in vain until {what}; {self._dead()}")
            time.sleep(0.1)

    def _dead(self) -> str:
        dead = [child for child in self.children.values() if not child.running]
        return "; ".join(f"{child.name}: {child.ending()}, {child.last_log_line()}" for child in dead) or "all run"

    def queued(self, events: Sequence[int]) -> int:
        """Counts what waits in the queues of events. Raises redis.RedisError."""
        with connect(queue_url(self.layout, self.network, self._password)) as client:
            return sum(Queue(client).lengths(events))

    def unpublished(self, events: Sequence[int]) -> int:
        """Counts events of which the queue's server shows less than the ledger holds. Raises redis.RedisError,
        psycopg2.OperationalError."""
        with connect(queue_url(self.layout, self.network, self._password)) as client:
            copies = event_progress(client, events)
        ledger = {row.event_id: row for row in read_progress(self.database_url())}
        return sum(copy.misses(ledger[event]) for event, copy in copies.items())

    # What a node is

    @property
    def _first_door(self) -> Node:
        return self.layout.of("door")[0]

    def _starts(self, node: Node) -> Callable[[], Child]:
        programs = self._programs(node)
        starts: dict[str, Callable[[], Child]] = {
            **dict.fromkeys(STORES, lambda: self.stores.spawn(node)),
            "door": programs.web,
            "drain": lambda: programs.drain(node.name),
            "dispatcher": lambda: programs.dispatcher(node.name),
        }
        return starts[node.kind]

    def _programs(self, node: Node) -> Programs:
        home = Home(self._home / node.host, self._lock)
        values = service_values(
            secret_key=self._secret,
            database=self.stores.databases.urls()["DATABASE_URL_OWNER"],
            redis=queue_url(self.layout, self.network, self._password),
            broker=broker_url(self.layout, self.network, self._password),
            port=DOOR_PORT,
        )
        return Programs(home, {**child_environment(home, DOOR_PORT, values), **self._settings(node)})

    def _settings(self, node: Node) -> dict[str, str]:
        return {
            **self.stores.databases.urls(),
            "SECRET_KEY": self._secret,
            "OMNIFY_BIND": f"{self.network.addresses[node.host]}:{DOOR_PORT}",
            "OMNIFY_FAULT_DIR": str(self._home / node.host / "faults"),
            "OMNIFY_HASTE": str(self._haste),
            "QUEUE_REPLICAS": str(self.layout.replicas),
            "ALLOWED_HOSTS": "*",
            "WEB_WORKERS": "1",
            "REGISTER_RATE_LIMIT": "off",
            "REFUSAL_RATE_LIMIT": "off",
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "PYTHONPATH": str(ROOT),
            **self.clocks.environment(node.name),
        }

    def _set_up(self) -> None:
        with self.network.on(self._first_door.host):
            setup = self._programs(self._first_door).setup()
        wait_for(setup, lambda: not setup.running, seconds=READY_SECONDS)
        if setup.process.returncode:
            raise CannotStart(f"the set-up failed: {setup.last_log_line()}")


def _answers(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{url}/health/ready", timeout=5, trust_env=False).status_code == 200
    return False
