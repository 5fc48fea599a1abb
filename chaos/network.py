"""Hosts on one machine: network namespaces, each with a cable (veth) to one bridge, and what happens to cables.

The namespaces are named in a mount namespace that only this process and its children see. So two runs cannot collide,
and the kernel removes everything with the last process, whatever ended the run.

A slow cable is a token bucket (`tc tbf`). The kernel's netem, which delays packets, is missing on many machines: a
relay process does that (`chaos/relay.py`).
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from chaos.relay import open_cable
from omnify.embedded.process import Child, start_child
from omnify.embedded.programs import ROOT

NAMES = Path("/run/netns")
NETWORK = "10.77.0"
BRIDGE = "bridge"
CABLE = "eth0"
# A page of an answer takes a tenth of a second, and a full queue drops what comes after it.
SLOW = ("rate", "256kbit", "burst", "4kb", "latency", "400ms")
LOSS = "0.25"
_CLONE_NEWNS, _CLONE_NEWNET = 0x20000, 0x40000000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_MNT_DETACH = 2
_libc = ctypes.CDLL(None, use_errno=True)


class NotAllowed(Exception):
    """This machine does not let us make hosts; the message is one line for the user."""


class Network:
    """The hosts of a run, by name. Made by the main thread, which stays on the host `desk`."""

    def __init__(self, hosts: Sequence[str], *, desk: str) -> None:
        self.addresses = {host: f"{NETWORK}.{number}" for number, host in enumerate(hosts, start=10)}
        self._desk = desk
        self._ports = {host: f"port{number}" for number, host in enumerate(hosts)}
        self._relays: dict[str, Child] = {}
        try:
            _own_mounts()
            self._lay_cables()
        except (OSError, subprocess.CalledProcessError) as problem:
            raise NotAllowed(
                f"chaos: network namespaces, veth or iptables cannot be used here: {_why(problem)}"
            ) from None
        _enter(desk)

    @contextmanager
    def on(self, host: str) -> Iterator[None]:
        """Puts this thread on a host: what is started inside the block runs there."""
        _enter(host)
        try:
            yield
        finally:
            _enter(self._desk)

    def cut(self, host: str, *, incoming: bool = True, outgoing: bool = True, peer: str | None = None) -> None:
        """Drops a host's packets, in one direction or both, of one `peer` or all."""
        address = self.addresses[peer] if peer else f"{NETWORK}.0/24"
        if incoming:
            self._filter(host, "-A", "INPUT", "-s", address, "-j", "DROP")
        if outgoing:
            self._filter(host, "-A", "OUTPUT", "-d", address, "-j", "DROP")

    def make_lossy(self, host: str) -> None:
        """Drops a quarter of the packets that come in."""
        self._filter(host, "-A", "INPUT", "-s", f"{NETWORK}.0/24", *_RANDOM, "-j", "DROP")

    def make_slow(self, host: str) -> None:
        """Lets through only 32 kB a second of what goes out."""
        _run("tc", "-n", host, "qdisc", "replace", "dev", CABLE, "root", "tbf", *SLOW)

    def delay(self, host: str, milliseconds: int, *, log: Path, peer: str | None = None) -> None:
        """Delays a host's packets, of one `peer` or all, in both directions; connections go on. Takes effect soon.

        A round trip takes twice as long as `milliseconds`, and up to half as long again.
        """
        port, outlet, inlet = self._ports[host], f"{self._ports[host]}-out", f"{self._ports[host]}-in"
        _run("ip", "-n", BRIDGE, "link", "add", outlet, "type", "veth", "peer", "name", inlet)
        _run("ip", "-n", BRIDGE, "link", "set", inlet, "master", BRIDGE, "up")
        _run("ip", "-n", BRIDGE, "link", "set", outlet, "up")
        relay = (sys.executable, "-m", "chaos.relay", BRIDGE, port, outlet, str(milliseconds), str(milliseconds // 2))
        command = [*relay, self.addresses[peer]] if peer else relay
        with self.on(BRIDGE):
            self._relays[host] = start_child("relay", command, log=log, env={"PYTHONPATH": str(ROOT)}, cwd=ROOT)

    def is_delayed(self, host: str) -> bool:
        """Tells whether a delay has taken effect: the relay has taken the host's cable out of the bridge."""
        return f"master {BRIDGE}" not in _run("ip", "-n", BRIDGE, "-o", "link", "show", "dev", self._ports[host])

    def mend(self, host: str) -> None:
        """Makes a host's cable good again. Harmless when it is."""
        self._remove_relay(host)
        self._filter(host, "-F")
        subprocess.run(["tc", "-n", host, "qdisc", "del", "dev", CABLE, "root"], check=False, capture_output=True)

    def _lay_cables(self) -> None:
        _run("ip", "netns", "add", BRIDGE)
        _run("ip", "-n", BRIDGE, "link", "add", BRIDGE, "type", "bridge")
        _run("ip", "-n", BRIDGE, "link", "set", BRIDGE, "up")
        for host, address in self.addresses.items():
            _run("ip", "netns", "add", host)
            ends = ("peer", "name", self._ports[host], "netns", BRIDGE)
            _run("ip", "link", "add", CABLE, "netns", host, "type", "veth", *ends)
            _run("ip", "-n", BRIDGE, "link", "set", self._ports[host], "master", BRIDGE, "up")
            _run("ip", "-n", host, "addr", "add", f"{address}/24", "dev", CABLE)
            _run("ip", "-n", host, "link", "set", CABLE, "up")
            _run("ip", "-n", host, "link", "set", "lo", "up")
            self.mend(host)
        # A relay is only started when a fault asks for one: whether it can be is said here.
        with self.on(BRIDGE):
            open_cable(BRIDGE).close()

    def _remove_relay(self, host: str) -> None:
        relay, port = self._relays.pop(host, None), self._ports[host]
        if relay is None:
            return
        if not relay.running:
            raise RuntimeError(f"a relay ended by itself: {relay.ending()}; {relay.last_log_line()}")
        relay.process.kill()
        relay.process.wait()
        _run("ip", "-n", BRIDGE, "link", "set", port, "master", BRIDGE)
        _run("ip", "-n", BRIDGE, "link", "del", f"{port}-out")

    def _filter(self, host: str, *rule: str) -> None:
        _run("ip", "netns", "exec", host, "iptables", "-w", *rule)


_RANDOM = ("-m", "statistic", "--mode", "random", "--probability", LOSS)


def _own_mounts() -> None:
    if _libc.unshare(_CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "unshare: " + os.strerror(ctypes.get_errno()))
    mount("none", Path("/"), "", flags=_MS_REC | _MS_PRIVATE)
    NAMES.mkdir(parents=True, exist_ok=True)
    mount("tmpfs", NAMES, "tmpfs")


def mount(source: str, target: Path, kind: str, *, flags: int = 0, options: str = "") -> None:
    """Mounts a file system that only this run sees. Raises OSError."""
    if _libc.mount(source.encode(), bytes(target), kind.encode(), flags, options.encode()):
        raise OSError(ctypes.get_errno(), f"mount {target}: " + os.strerror(ctypes.get_errno()))


def unmount(target: Path) -> None:
    """Unmounts a file system, also one that is in use."""
    _libc.umount2(bytes(target), _MNT_DETACH)


def _enter(host: str) -> None:
    """Moves this thread, and none of the others, to a host."""
    with (NAMES / host).open("rb") as namespace:
        if _libc.setns(namespace.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _why(problem: Exception) -> str:
    if isinstance(problem, subprocess.CalledProcessError):
        said = problem.stderr.strip().splitlines()
        return f"{' '.join(problem.cmd[:4])}: {said[-1] if said else problem.returncode}"
    return str(problem)
