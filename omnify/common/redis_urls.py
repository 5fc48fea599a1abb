"""Addresses of the store that keeps the queue: one server, a Cluster, or the master that Sentinels name.

    redis://[user:password@]host:port[/db][?options]            one server; rediss:// with TLS; unix:// for a socket
    redis+cluster://[user:password@]host:port,host:port[/0]     a Cluster: any of its nodes, which name the others
    redis+sentinel://[user:password@]host:port,host:port/service[/db]
                                                                the master of `service`, as these Sentinels know it

`rediss+cluster://` and `rediss+sentinel://` are the same with TLS. The options are redis-py's (`?ssl_ca_certs=…`), and
for Sentinels `sentinel_username` and `sentinel_password`, which are not those of the master.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from redis.connection import parse_url

REDIS_PORT = 6379
SENTINEL_PORT = 26379
SCHEMES = (
    *("redis", "rediss", "unix"),
    *("redis+cluster", "rediss+cluster", "redis+sentinel", "rediss+sentinel"),
)
_SENTINEL_OPTIONS = ("sentinel_username", "sentinel_password")

Address = tuple[str, int]


class Layout(StrEnum):
    """What stands behind an address."""

    ONE = "one"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreUrl:
    """An address, read. `addresses` are nodes of the Cluster, or Sentinels; empty for one server."""

    url: str
    layout: Layout
    addresses: tuple[Address, ...] = ()
    service: str = ""
    database: int = 0
    credentials: str = ""
    tls: bool = False
    options: tuple[tuple[str, str], ...] = ()
    sentinel_options: tuple[tuple[str, str], ...] = ()

    def server_url(self, address: Address) -> str:
        """Returns the plain URL of one server: a node of the Cluster, or the master."""
        return self._plain(address, self.credentials, f"/{self.database}", self.options)

    def sentinel_url(self, address: Address) -> str:
        """Returns the plain URL of one Sentinel, with its own credentials."""
        given = dict(self.sentinel_options)
        user, password = (quote(given.get(name, ""), safe="") for name in _SENTINEL_OPTIONS)
        return self._plain(address, f"{user}:{password}@" if password else "", "", self.options)

    def _plain(self, address: Address, credentials: str, path: str, options: Iterable[tuple[str, str]]) -> str:
        scheme, query = "rediss" if self.tls else "redis", urlencode(list(options))
        return f"{scheme}://{credentials}{host_and_port(address)}{path}" + (f"?{query}" if query else "")


def host_and_port(address: Address) -> str:
    """Writes an address as in a URL: an IPv6 host stands in brackets."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_store_url(url: str) -> StoreUrl:
    """Reads the address of the queue's store. Raises ValueError with one clause for people, without the password."""
    scheme = url.split("://", 1)[0]
    if scheme not in SCHEMES or "://" not in url:
        raise ValueError(f"the address must start with one of {', '.join(s + '://' for s in SCHEMES)}")
    if "+" not in scheme:
        return StoreUrl(url=url, layout=Layout.ONE)
    plain, _, kind = scheme.partition("+")
    found = _read_several(url, Layout(kind), tls=plain == "rediss")
    try:
        # Options that redis-py cannot read would otherwise fail at the first request.
        parse_url(found.server_url(("localhost", REDIS_PORT)))  # type: ignore[no-untyped-call]
    except (ValueError, TypeError) as problem:
        raise ValueError("an option behind the `?` cannot be read") from problem
    return found


def _read_several(url: str, layout: Layout, *, tls: bool) -> StoreUrl:
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    default = SENTINEL_PORT if layout is Layout.SENTINEL else REDIS_PORT
    options = parse_qsl(parts.query, keep_blank_values=True)
    service, database = _service_and_database(parts.path, layout)
    return StoreUrl(
        url=url,
        layout=layout,
        addresses=tuple(_read_address(text, default) for text in hosts.split(",")),
        service=service,
        database=database,
        credentials=f"{credentials}@" if credentials else "",
        tls=tls,
        options=tuple(pair for pair in options if pair[0] not in _SENTINEL_OPTIONS),
        sentinel_options=tuple(pair for pair in options if pair[0] in _SENTINEL_OPTIONS),
    )


def _read_address(text: str, default: int) -> Address:
    """Reads `host`, `host:port` or `[IPv6]:port`."""
    host, colon, port = text.strip().rpartition(":")
    if not colon or text.endswith("]"):
        host, port = text.strip(), str(default)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("an IPv6 address must stand in brackets, as in [::1]:6379")
    if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65_536:
        raise ValueError("its hosts must be like first.example.com:6379,second.example.com:6379")
    return host, int(port)


def _service_and_database(path: str, layout: Layout) -> tuple[str, int]:
    words = path.strip("/").split("/") if path.strip("/") else []
    if layout is Layout.CLUSTER:
        if words not in ([], ["0"]):
            raise ValueError("a Cluster has no databases but 0: nothing else may stand behind its hosts")
        return "", 0
    if not words or len(words) > 2 or not all(words):
        raise ValueError(
            "the name of the master's service must stand behind the Sentinels, and then the database: /queue/0"
        )
    database = words[1] if len(words) == 2 else "0"
    if not database.isascii() or not database.isdigit():
        raise ValueError("the database behind the service must be a number: /queue/0")
    return unquote(words[0]), int(database)
