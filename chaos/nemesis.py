"""Does the faults of a schedule to the hosts, heals them, and writes both down.

What ends without having been struck is started again within a second, as a supervisor would, unless a fault keeps it
down.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import redis

from chaos.databases import COPYING
from chaos.faults import Fault
from chaos.history import Ended, Struck, Writer
from chaos.hosts import Hosts
from chaos.strikes import Strikes

TICK_SECONDS = 0.05
# Shorter than the rest between two faults of a host (`chaos/faults.py`).
LONGEST_STEP_SECONDS = 0.5
# Long enough for any machine.
HEAL_SECONDS = 300.0


class Nemesis:
    """Strikes and heals. Call from the main thread."""

    def __init__(self, hosts: Hosts, home: Path, writer: Writer, say: Callable[[str], None]) -> None:
        self._hosts, self._writer, self._say = hosts, writer, say
        self._strikes = Strikes(hosts, home)
        self._active: dict[Fault, float] = {}

    def run(self, faults: Sequence[Fault], *, seconds: float) -> None:
        """Does a schedule. Returns after `seconds`, when all faults have healed."""
        now, before = 0.0, time.monotonic()
        ahead = sorted(faults)
        while now < seconds or self._active:
            for fault in [fault for fault in self._active if fault.until <= now]:
                self._end(fault)
            while ahead and ahead[0].at <= now:
                self._begin(ahead.pop(0), now)
            for fault in self._active:
                self._strikes.watch(fault)
            self.keep()
            time.sleep(TICK_SECONDS)
            # A busy machine keeps this from its work for seconds at times. The schedule waits for it, or what is due at
            # once would strike a host twice, and a primary together with its replica.
            before, passed = time.monotonic(), time.monotonic() - before
            now += min(passed, LONGEST_STEP_SECONDS)

    def heal_all(self) -> None:
        """Mends every cable, starts every node and waits until all are ready. Raises TimeoutError."""
        for host in self._hosts.layout.hosts:
            self._hosts.network.mend(host)
        self._strikes.down.clear()
        self._hosts.wait_until(self._healed, seconds=HEAL_SECONDS, what="the service is whole again")

    def keep(self) -> None:
        """Starts again what has ended, unless a fault keeps it down, and writes down what ended by itself."""
        for node in self._hosts.layout.nodes:
            child = self._hosts.children[node.name]
            if node.name in self._strikes.down or child.running:
                continue
            if node.name not in self._hosts.ending and child.name != COPYING:
                self._writer.write(Ended(node=node.name, at=time.monotonic(), how=child.ending()))
                self._say(f"           {node.name} ended by itself: {child.ending()}; {child.last_log_line()[:160]}")
            self._hosts.start_missing(node.host, but=self._strikes.down)

    def _healed(self) -> bool:
        for host in self._hosts.layout.hosts:
            self._hosts.start_missing(host)
        with contextlib.suppress(redis.RedisError):
            self._hosts.stores.finish_moves()
            return self._hosts.stores.whole() and self._hosts.ready()
        return False

    def _begin(self, fault: Fault, now: float) -> None:
        what = f"{fault.kind} {fault.target} {fault.detail}".rstrip()
        self._say(f"{now:7.1f} s  {what} for {fault.until - fault.at:.1f} s")
        self._active[fault] = time.monotonic()
        self._strikes.strike(fault)

    def _end(self, fault: Fault) -> None:
        self._strikes.heal(fault)
        began = self._active.pop(fault)
        target = f"{fault.target} {fault.detail}".rstrip()
        self._writer.write(Struck(kind=fault.kind, target=target, began=began, healed=time.monotonic()))
