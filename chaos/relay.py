"""Delays what passes on a host's cable: `python -m chaos.relay BRIDGE PORT OUTLET DELAY_MS JITTER_MS [ADDRESS]`.

It stands between the host's port and the bridge, in the bridge's namespace: it takes PORT out of BRIDGE, and passes
each frame on between PORT and OUTLET, which leads to the bridge, after DELAY_MS and up to JITTER_MS more. Frames never
overtake each other, except that with ADDRESS only the frames of that peer wait. Connections that exist are delayed too,
and none is broken. It does what the kernel's netem would do, which is missing on many machines.
"""

from __future__ import annotations

import fcntl
import random
import select
import socket
import struct
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

# Of linux/if_packet.h and linux/sockios.h; Python's socket has no names for them.
_SOL_PACKET, _PACKET_VNET_HDR, _PACKET_IGNORE_OUTGOING = 263, 15, 23
_ETH_P_ALL = 0x0003
_SIOCBRDELIF = 0x89A3
# In front of a frame stands how far the kernel has got with its checksum and how it is to be cut (virtio_net_hdr).
_HEADER = 10
_TYPE, _SOURCE, _TARGET = (slice(_HEADER + first, _HEADER + last) for first, last in ((12, 14), (26, 30), (30, 34)))
_IPV4 = b"\x08\x00"
# Larger than any frame before the kernel cuts it for the cable.
_LARGEST = _HEADER + 1 + 0xFFFF + 14


@dataclass(slots=True)
class Delay:
    """Frames of one direction, each with the moment at which it goes on. Times are in seconds."""

    delay: float
    jitter: float
    draw: Callable[[], float] = random.random
    _waiting: deque[tuple[float, bytes]] = field(default_factory=deque)

    def add(self, frame: bytes, now: float) -> None:
        """Takes a frame in; it goes on behind those that are here."""
        due = now + self.delay + self.draw() * self.jitter
        if self._waiting:
            due = max(due, self._waiting[-1][0])
        self._waiting.append((due, frame))

    def pop(self, now: float) -> bytes | None:
        """Returns a frame that is due, or nothing."""
        return self._waiting.popleft()[1] if self._waiting and self._waiting[0][0] <= now else None

    @property
    def next_due(self) -> float:
        """When the first frame goes on; infinity without one."""
        return self._waiting[0][0] if self._waiting else float("inf")


def belongs_to(frame: bytes, peer: bytes) -> bool:
    """Tells whether a frame is one of IPv4 from or to this address, which is empty for all."""
    return not peer or (frame[_TYPE] == _IPV4 and peer in (frame[_SOURCE], frame[_TARGET]))


def open_cable(name: str) -> socket.socket:
    """Returns a socket that reads what comes in on an interface, and sends. Raises OSError."""
    cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    try:
        cable.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)
        cable.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        cable.setblocking(False)
        cable.bind((name, _ETH_P_ALL))
    except OSError:
        cable.close()
        raise
    return cable


def _relay(port: socket.socket, outlet: socket.socket, delay: float, jitter: float, peer: bytes) -> None:
    ways = [(port, outlet, Delay(delay, jitter)), (outlet, port, Delay(delay, jitter))]
    while True:
        due = min(waiting.next_due for _, _, waiting in ways)
        timeout = None if due == float("inf") else max(0.0, due - time.monotonic())
        select.select([port, outlet], [], [], timeout)
        for source, target, waiting in ways:
            _take_in(source, target, waiting, peer)
            while (frame := waiting.pop(time.monotonic())) is not None:
                _send(target, frame)


def _take_in(source: socket.socket, target: socket.socket, waiting: Delay, peer: bytes) -> None:
    """Reads what has come; what is not to be delayed goes on at once."""
    while True:
        try:
            frame = source.recv(_LARGEST)
        except BlockingIOError:
            return
        if belongs_to(frame, peer):
            waiting.add(frame, time.monotonic())
        else:
            _send(target, frame)


def _send(target: socket.socket, frame: bytes) -> None:
    """Sends a frame, or drops it where the cable takes no more, as a switch does."""
    try:
        target.send(frame)
    except OSError as problem:
        print(f"dropped {len(frame)} bytes: {problem}", file=sys.stderr, flush=True)


def _leave(bridge: str, port: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16si12x", bridge.encode(), socket.if_nametoindex(port))
        fcntl.ioctl(control, _SIOCBRDELIF, request)


def main(bridge: str, port: str, outlet: str, delay_ms: str, jitter_ms: str, address: str = "") -> None:
    """Relays until it is killed. The port leaves the bridge only when all is ready, so that nothing is cut."""
    with open_cable(port) as inner, open_cable(outlet) as outer:
        _leave(bridge, port)
        peer = socket.inet_aton(address) if address else b""
        _relay(inner, outer, int(delay_ms) / 1000, int(jitter_ms) / 1000, peer)


if __name__ == "__main__":
    main(*sys.argv[1:])
