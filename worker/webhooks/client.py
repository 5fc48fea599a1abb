"""One HTTP request to a receiver that may be slow, broken or hostile.

    name → every address it has → all of them public? → connect to one of these, with the name for TLS and Host

The last look at an address is where the socket is made, so no way of writing a URL and no second answer of a name
server gets past it. The total time counts from connecting to the last byte of the answer; redirects are not followed,
proxies and cookies are not known, and what is read is limited and thrown away.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache, partial
from types import TracebackType
from typing import NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from events.domain.webhooks.url import AddressRefused, Network, is_allowed

TIMEOUT_SECONDS = 15.0
MAX_ANSWER_BYTES = 64 * 1024
# Shorter than what servers keep an idle connection for: one that is closed under a request costs an attempt.
KEEP_ALIVE_SECONDS = 1.5
_DNS_TTL_SECONDS = 10


class Reply(NamedTuple):
    """What came back. `status` is None without an answer; `error` is a word for the log; `retry_after` in seconds."""

    status: int | None
    error: str = ""
    retry_after: float = 0.0


class CheckedResolver(AbstractResolver):
    """Refuses a name if any of its addresses is one that may not be connected to."""

    def __init__(self, inner: AbstractResolver, is_allowed: Callable[[str], bool]) -> None:
        self._inner = inner
        self._is_allowed = is_allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`. Raises AddressRefused, or OSError if it has none."""
        found = await self._inner.resolve(host, port, family)
        if not all(self._is_allowed(entry["host"]) for entry in found):
            raise AddressRefused("the name has an address that is not public, or denied")
        return found

    async def close(self) -> None:
        """Ends the resolver inside."""
        await self._inner.close()


class WebhookClient:
    """Sends, on connections that are kept. To be used on one event loop, as an async context manager.

    Args:
        allow_private: whether addresses that are not public may be connected to.
        denied: ranges that may not be connected to in any case.
        resolver: asks for names; the system's name servers unless given.
        tls: what certificates are trusted; the system's unless given.
    """

    def __init__(
        self,
        *,
        allow_private: bool,
        denied: Sequence[Network] = (),
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        dns_ttl_seconds: int = _DNS_TTL_SECONDS,
    ) -> None:
        self._allow_private = allow_private
        self._is_allowed = partial(is_allowed, allow_private=allow_private, denied=denied)
        self._resolver = resolver
        self._tls = tls
        self._timeout = timeout_seconds
        self._dns_ttl = dns_ttl_seconds

    async def __aenter__(self) -> WebhookClient:
        # Not the loop's getaddrinfo: that has a handful of threads, which a few dead name servers would fill.
        names = self._resolver or aiohttp.AsyncResolver()
        self._names = CheckedResolver(names, self._is_allowed)
        connector = aiohttp.TCPConnector(
            resolver=self._names,
            ssl=self._tls or ssl.create_default_context(),
            limit=0,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            use_dns_cache=self._dns_ttl > 0,
            ttl_dns_cache=self._dns_ttl,
            socket_factory=self._open_socket,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            # Of the whole: names, connecting, and the answer to its last byte. Never rounded up.
            timeout=aiohttp.ClientTimeout(total=self._timeout, ceil_threshold=float("inf")),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()
        # aiohttp closes only resolvers of its own making; a question under way must not outlive the loop.
        await self._names.close()

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Sends once. Whatever happens is a Reply; nothing is raised but cancellation."""
        try:
            return await self._exchange(url, body, headers)
        except TimeoutError:
            return Reply(None, "timeout")
        except aiohttp.ClientConnectorError as problem:
            return Reply(None, _why_not_connected(problem, inside_is_secret=not self._allow_private))
        except aiohttp.ClientSSLError:
            return Reply(None, "tls")
        except (aiohttp.ClientError, OSError, ValueError):
            return Reply(None, "broken_answer")

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        async with self._session.post(_target(url), data=body, headers=headers, allow_redirects=False) as response:
            await _skim(response)
            if 200 <= response.status < 300:
                return Reply(response.status)
            retry_after = read_retry_after(response.headers.get("Retry-After", ""), now=datetime.now(UTC))
            return Reply(response.status, "redirect" if response.status < 400 else "bad_status", retry_after)

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, address = info
        if not self._is_allowed(str(address[0])):
            raise AddressRefused("the address is not public, or denied")
        return socket.socket(family=family, type=kind, proto=proto)


@lru_cache(maxsize=4096)
def _target(url: str) -> URL:
    return URL(url, encoded=True)


async def _skim(response: aiohttp.ClientResponse) -> None:
    """Reads the answer, so that its connection can be used again; closes it if there is too much."""
    left = MAX_ANSWER_BYTES
    while left > 0:
        chunk = await response.content.read(left)
        if not chunk:
            return
        left -= len(chunk)
    response.close()


def _why_not_connected(problem: aiohttp.ClientConnectorError, *, inside_is_secret: bool) -> str:
    """A word for the organizer's log. It must not tell which names there are inside the operator's network: a name that
    does not exist and one that leads inside are one case."""
    refused = isinstance(problem.os_error, AddressRefused)
    unknown = isinstance(problem, aiohttp.ClientConnectorDNSError)
    if inside_is_secret and (refused or unknown):
        return "no_public_address"
    if refused or unknown:
        return "address_refused" if refused else "name_not_found"
    return "tls" if isinstance(problem, aiohttp.ClientSSLError) else "unreachable"


def read_retry_after(text: str, *, now: datetime) -> float:
    """Seconds in a `Retry-After` header, which holds a number or a date; 0 for anything else."""
    text = text.strip()
    if not text:
        return 0.0
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
