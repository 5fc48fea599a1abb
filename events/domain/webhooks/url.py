"""Checks where webhooks may be sent: the form of a URL, and the IP addresses that may be connected to.

A URL comes from an organizer and is called from inside the operator's network, so it must not lead back into it
(server-side request forgery). The form is checked when the URL is saved; its addresses are checked when it is saved and
again for every connection, where the socket is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

URL_MAX = 2048
_DEFAULT_PORTS = {"http": 80, "https": 443}
_LOWEST_OTHER_PORT = 1024
# Of the ports from 1024 on, those that browsers refuse to speak HTTP to (WHATWG Fetch, "bad port").
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, *range(6665, 6670), 6679, 6697, 10080}
)
_TEXT = re.compile(r"[!-~]+")
_NAME = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*\.?")
# A name whose last part is a number is an address to some resolvers: 2130706433, 0x7f.1, 127.1, 0177.0.0.1.
_NUMERIC_END = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")
# Names of private networks: special-use ones (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`), and those that routers
# and companies use without registration.
_LOCAL_NAMES = (
    *("localhost", "local", "internal", "home.arpa", "test", "invalid", "onion", "alt"),
    *("localdomain", "intranet", "private", "corp", "home", "lan", "domain"),
)
NOT_PUBLIC = "The address is not a public one."

# Ranges that `is_global` of Python 3.11 calls global although they embed, or translate to, addresses that are not; and
# ranges that the IANA special-purpose registries call reachable, where no receiver can be.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        *("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96"),  # IPv4 inside IPv6: compatible, mapped, translated
        *("64:ff9b::/96", "64:ff9b:1::/48"),  # NAT64
        *("2002::/16", "2001::/23"),  # 6to4; Teredo and other protocols of the IETF
        *("100::/64", "100:0:0:1::/64", "3fff::/20", "2620:4f:8000::/48"),  # discard, dummy, documentation, AS112
        *("fec0::/10", "ff00::/8", "5f00::/16"),  # site-local, multicast, segment routing
        *("192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4"),  # 6to4 relays, multicast, reserved
        *("192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.175.48.0/24"),  # IETF protocols, AS112, AMT
        "168.63.129.16/32",  # what Azure's machines ask their host
    )
)


Network = IPv4Network | IPv6Network


class AddressRefused(OSError):
    """A connection would have gone to an address that is not public."""


class Target(NamedTuple):
    """The parts of a URL that name its server."""

    scheme: str
    host: str
    port: int

    @property
    def origin(self) -> str:
        """The server of the URL, as `https://host:port`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class BadUrl(ValueError):
    """The URL is not allowed. The message is shown to the user."""


def is_public(address: str, *, denied: Sequence[Network] = ()) -> bool:
    """Tells whether `address`, an IP address in its usual form, may be connected to. False for other text.

    Args:
        denied: ranges that the operator denies in addition, such as public addresses of their own machines.
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return found.is_global and not found.is_multicast and not _within(found, (*_NOT_PUBLIC, *denied))


def is_allowed(address: str, *, allow_private: bool, denied: Sequence[Network]) -> bool:
    """Does the same, unless the operator allows private addresses: then only `denied` ranges are refused."""
    if not allow_private:
        return is_public(address, denied=denied)
    try:
        return not _within(ip_address(address.partition("%")[0]), denied)
    except ValueError:
        return False


def read_networks(text: str) -> tuple[Network, ...]:
    """Reads ranges such as `198.51.100.0/24, 2001:db8::/32`. Raises ValueError, which names a bad one."""
    found = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        try:
            found.append(ip_network(word))
        except ValueError as problem:
            raise ValueError(f"{word!r} is not a range of addresses like 198.51.100.0/24") from problem
    return tuple(found)


def _within(address: IPv4Address | IPv6Address, networks: Iterable[Network]) -> bool:
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return any(
        one in network for one in (address, mapped) if one for network in networks if network.version == one.version
    )


def url_pattern(*, allow_private: bool) -> str:
    """Says what a regular expression of JSON Schema (ECMA 262) can of `check_url`, which has the last word."""
    scheme, dots = ("https?", "*") if allow_private else ("https", "+")
    label = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    name = rf"({label}\.){dots}[A-Za-z_]([A-Za-z0-9_-]{{0,61}}[A-Za-z0-9_])?\.?"
    host = rf"({name}|[0-9]{{1,3}}(\.[0-9]{{1,3}}){{3}}|\[[0-9A-Fa-f:.]+\])"
    return rf'^{scheme}://{host}(:[0-9]{{1,5}})?([/?][!"$-\[\]-~]*)?$'


def check_url(url: str, *, allow_private: bool) -> Target:
    """Checks the text of a URL, without a name lookup.

    Raises:
        BadUrl: messages may not be sent there.
    """
    parts, port = _split(url)
    # A message holds the ticket's id, which gives access to the ticket: it must be encrypted in transit.
    if parts.scheme not in (_DEFAULT_PORTS if allow_private else ("https",)):
        raise BadUrl(f"The address must start with https://{' or http://' if allow_private else ''}.")
    if "@" in parts.netloc:
        raise BadUrl("The address must not contain a user name or password.")
    if parts.fragment or "#" in url:
        raise BadUrl("The address must not contain a fragment (#).")
    port = _DEFAULT_PORTS[parts.scheme] if port is None else port
    if port not in _DEFAULT_PORTS.values() and (port < _LOWEST_OTHER_PORT or port in _BAD_PORTS):
        raise BadUrl("The port must be 80, 443, or one from 1024 on that no other service is known by.")
    return Target(parts.scheme, _host(parts.hostname or "", allow_private), port)


def _split(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > URL_MAX:
        raise BadUrl(f"The address may have {URL_MAX} characters at most.")
    if not _TEXT.fullmatch(url) or "\\" in url:
        raise BadUrl("The address must be written in ASCII, without spaces.")
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError as problem:
        raise BadUrl("This is not an address such as https://example.org/hook.") from problem


def _host(host: str, allow_private: bool) -> str:
    host = host.lower()
    try:
        address = ip_address(host)
    except ValueError:
        return _name(host, allow_private)
    if "%" in host or not (allow_private or is_public(host)):
        raise BadUrl(NOT_PUBLIC)
    return str(address)


def _name(host: str, allow_private: bool) -> str:
    if not _NAME.fullmatch(host) or len(host) > 253:
        raise BadUrl("This is not an address such as https://example.org/hook.")
    if _NUMERIC_END.fullmatch(host):
        raise BadUrl("An IP address must be written in its usual form.")
    name = host.rstrip(".")
    # A name without a dot is looked up in the network's own domain: it is refused without a lookup.
    if not allow_private and ("." not in name or any(name.endswith(f".{local}") for local in _LOCAL_NAMES)):
        raise BadUrl(NOT_PUBLIC)
    return host
