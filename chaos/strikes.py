"""How each kind of fault is done and how it heals.

`down` names the nodes that a fault keeps down: the nemesis starts again what ended without being among them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import redis

from chaos.faults import Fault
from chaos.hosts import Hosts
from chaos.layout import Node
from chaos.processes import state
from omnify.embedded.process import CannotStart

Act = Callable[[Fault], None]


class Strikes:
    """Strikes hosts and nodes. Call from the main thread."""

    def __init__(self, hosts: Hosts, home: Path) -> None:
        self._hosts, self._network, self._layout = hosts, hosts.network, hosts.layout
        self._home = home
        self.down: set[str] = set()
        self._fenced: Node
        self._kinds: dict[str, tuple[Act, Act]] = {
            **self._of_cables(),
            "kill": (lambda fault: self._take_down([self._node(fault)]), self._bring_up_node),
            "kill host": (self._kill_host, self._bring_up_host),
            "kill between steps": (lambda fault: self._trap(fault).touch(), self._spring),
            "freeze": (lambda fault: hosts.freeze(fault.target), lambda fault: hosts.thaw(fault.target)),
            "skew": (
                lambda fault: hosts.clocks.set(fault.target, int(fault.detail)),
                lambda fault: hosts.clocks.set(fault.target, 0),
            ),
            "restart": (self._restart, self._bring_up_node),
            "fill disk": (self._fill, self._empty),
            "fail over": (self._fail_over, lambda fault: None),
            "promote database": (self._promote_database, self._bring_up_fenced),
            "move slot": (self._move_slot, self._finish_moves),
        }

    def strike(self, fault: Fault) -> None:
        self._kinds[fault.kind][0](fault)

    def heal(self, fault: Fault) -> None:
        self._kinds[fault.kind][1](fault)

    def watch(self, fault: Fault) -> None:
        """Kills a node that has stopped at the failpoint of this fault; it comes back when the fault heals."""
        if fault.kind != "kill between steps":
            return
        reached = self._trap(fault).with_name(f"{fault.detail}.reached")
        if reached.exists() and state(self._hosts.children[fault.target].pid) == "T":
            reached.unlink()
            self._take_down([self._node(fault)])

    def _of_cables(self) -> dict[str, tuple[Act, Act]]:
        cut = self._network.cut
        strikes: dict[str, Act] = {
            "cut": lambda fault: cut(fault.target),
            "cut incoming": lambda fault: cut(fault.target, outgoing=False),
            "cut outgoing": lambda fault: cut(fault.target, incoming=False),
            "cut pair": lambda fault: cut(fault.target, peer=fault.detail),
            "cut pair one way": lambda fault: cut(fault.target, peer=fault.detail, outgoing=False),
            "lossy": lambda fault: self._network.make_lossy(fault.target),
            "slow": lambda fault: self._network.make_slow(fault.target),
            "delay": self._delay,
            "delay pair": self._delay,
        }
        return {kind: (strike, lambda fault: self._network.mend(fault.target)) for kind, strike in strikes.items()}

    def _delay(self, fault: Fault) -> None:
        milliseconds, _, peer = fault.detail.partition(" ms")
        log = self._home / fault.target / "log" / "relay.log"
        self._network.delay(fault.target, int(milliseconds), log=log, peer=peer.removeprefix(" to ") or None)

    def _node(self, fault: Fault) -> Node:
        return self._layout.node(fault.target)

    def _kill_host(self, fault: Fault) -> None:
        self._take_down(self._layout.on(fault.target))

    def _bring_up_host(self, fault: Fault) -> None:
        self._bring_up(self._layout.on(fault.target))

    def _bring_up_node(self, fault: Fault) -> None:
        self._bring_up([self._node(fault)])

    def _restart(self, fault: Fault) -> None:
        """Ends a node as an operator would; how long it takes is its own affair."""
        self.down.add(fault.target)
        self._hosts.request_stop(fault.target)

    def _fill(self, fault: Fault) -> None:
        """Fills a store's disk. A store that ends because of it stays down until there is room again."""
        self.down.add(fault.target)
        self._hosts.stores.disks[fault.target].fill()

    def _empty(self, fault: Fault) -> None:
        self._hosts.stores.disks[fault.target].empty()
        self._bring_up_node(fault)

    def _fail_over(self, fault: Fault) -> None:
        # Refused where it makes no sense: the node is a master by now, or one that it needs is dead.
        with contextlib.suppress(redis.RedisError):
            self._hosts.stores.fail_over(fault.target)

    def _promote_database(self, _: Fault) -> None:
        databases = self._hosts.stores.databases
        self._fenced = self._layout.node(databases.primary)
        self._take_down([self._fenced])
        # Refused where the standby has only just been started: then the primary comes back.
        with contextlib.suppress(CannotStart):
            databases.promote_standby()

    def _bring_up_fenced(self, _: Fault) -> None:
        self._bring_up([self._fenced])

    def _move_slot(self, fault: Fault) -> None:
        # It is interrupted by whatever else strikes the two masters.
        with contextlib.suppress(redis.RedisError):
            self._hosts.stores.move_slot(int(fault.target), by=int(fault.detail))

    def _finish_moves(self, _: Fault) -> None:
        with contextlib.suppress(redis.RedisError):
            self._hosts.stores.finish_moves()

    def _spring(self, fault: Fault) -> None:
        self._trap(fault).unlink(missing_ok=True)
        self.watch(fault)
        self._bring_up_node(fault)

    def _trap(self, fault: Fault) -> Path:
        return self._home / self._node(fault).host / "faults" / fault.detail

    def _take_down(self, nodes: Sequence[Node]) -> None:
        self.down.update(node.name for node in nodes)
        for node in nodes:
            self._hosts.kill(node.name)

    def _bring_up(self, nodes: Sequence[Node]) -> None:
        self.down.difference_update(node.name for node in nodes)
        for host in {node.host for node in nodes}:
            self._hosts.start_missing(host, but=self.down)
