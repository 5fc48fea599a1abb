"""Finds the client's address, under which a request is counted.

Each of `n` trusted proxies appends the address it saw to X-Forwarded-For, so the n-th from the right was written by a
trusted proxy. Everything further left comes from the client.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

# A client that has one IPv6 address usually has its whole /64.
_IPV6_BYTES = 8
_MAPPED_IPV4 = bytes(10) + b"\xff\xff"


def client_address(*, peer: str, forwarded: Sequence[bytes], trusted_proxies: int) -> str:
    """Returns the address to count under: IPv4 as it is, IPv6 as its /64; empty for a Unix socket.

    `peer` is the address of the connection, `forwarded` the values of all X-Forwarded-For headers in order. Without
    trusted proxies the header is ignored; a value that is no address counts as the peer's.
    """
    if trusted_proxies and forwarded:
        hops = b",".join(forwarded).rsplit(b",", trusted_proxies)
        found = _network(hops[-trusted_proxies if len(hops) > trusted_proxies else 0].decode("latin-1"))
        if found:
            return found
    return _network(peer)


@lru_cache(maxsize=8192)
def _network(text: str) -> str:
    """Returns the canonical text of an address or its /64; an empty text for anything else."""
    bare = _bare(text.strip(" \t"))
    try:
        return inet_ntop(AF_INET, inet_pton(AF_INET, bare))
    except (OSError, ValueError):
        pass
    try:
        packed = inet_pton(AF_INET6, bare)
    except (OSError, ValueError):
        return ""
    if packed.startswith(_MAPPED_IPV4):
        return inet_ntop(AF_INET, packed[len(_MAPPED_IPV4) :])
    return f"{inet_ntop(AF_INET6, packed[:_IPV6_BYTES].ljust(16, bytes(1)))}/{8 * _IPV6_BYTES}"


def _bare(text: str) -> str:
    """Removes brackets, port and zone: `[2001:db8::1]:443`, `192.0.2.1:80`, `fe80::1%eth0`."""
    if text.startswith("["):
        inside, end, rest = text[1:].partition("]")
        return inside.partition("%")[0] if end and _is_port(rest) else ""
    if text.count(":") == 1:
        text, _, port = text.partition(":")
        return text if _is_port(f":{port}") else ""
    return text.partition("%")[0]


def _is_port(text: str) -> bool:
    return not text or (text[0] == ":" and text[1:].isascii() and text[1:].isdigit())
