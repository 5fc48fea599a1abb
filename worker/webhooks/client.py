"""One HTTP request to a receiver that may be slow, broken or hostile.

    name → every address it has → all of them public? → connect to one of these, with the name for TLS and Host

The address is checked for the last time where the socket is made, so neither the spelling of a URL nor a second answer
of a name server gets around the check. The timeout covers everything from the name lookup to the last byte of the
response. Redirects are not followed, proxies and cookies are not used; the response body is read up to a limit and
discarded.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from types import TracebackType
from typing import NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from events.domain.webhooks.url import AddressRefused, Network, is_allowed
from omnify.common.retry_after import read_retry_after

TIMEOUT_SECONDS = 15.0
MAX_RESPONSE_BYTES = 64 * 1024
# Shorter than what servers keep an idle connection for: one that is closed under a request costs an attempt.
KEEP_ALIVE_SECONDS = 1.5
_DNS_TTL_SECONDS = 10


class Response(NamedTuple):
    """The result of one request.

    `status` is None if no response came; `error` is a code for the delivery log, empty after a 2xx; `retry_after` is in
    seconds, 0 if the receiver sent none.
    """

    status: int | None
    error: str = ""
    retry_after: float = 0.0


class CheckedResolver(AbstractResolver):
    """Refuses a name if any of its addresses is not allowed."""

    def __init__(self, inner: AbstractResolver, is_allowed: Callable[[str], bool]) -> None:
        self._inner = inner
        self._is_allowed = is_allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Returns the addresses of `host`. Raises AddressRefused, or OSError if it has none."""
        found = await self._inner.resolve(host, port, family)
        if not all(self._is_allowed(entry["host"]) for entry in found):
            raise AddressRefused("the name has an address that is not public, or denied")
        return found

    async def close(self) -> None:
        """Closes the inner resolver."""
        await self._inner.close()


class WebhookClient:
    """Sends requests over persistent connections. An async context manager, for one event loop.

    Args:
        allow_private: whether connections to private addresses are allowed.
        denied: address ranges that are refused in any case.
        resolver: looks names up; by default with the system's name servers.
        tls: which certificates are trusted; by default the system's.
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
        # Not the loop's getaddrinfo: it has few threads, which a few dead name servers would block.
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
            # For everything: name lookup, connecting, and the response to its last byte. Never rounded up.
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
        # aiohttp closes only the resolvers that it made; a lookup under way must not outlive the loop.
        await self._names.close()

    async def post(self, url: str, *, body: bytes, headers: Mapping[str, str]) -> Response:
        """Sends one request. Every failure is returned as a Response; only cancellation is raised."""
        try:
            return await self._exchange(url, body, headers)
        except TimeoutError:
            return Response(None, "timeout")
        except aiohttp.ClientConnectorError as problem:
            return Response(None, _why_not_connected(problem, inside_is_secret=not self._allow_private))
        except aiohttp.ClientSSLError:
            return Response(None, "tls")
        except (aiohttp.ClientError, OSError, ValueError):
            return Response(None, "broken_answer")

    async def _exchange(self, url: str, body: bytes, headers: Mapping[str, str]) -> Response:
        async with self._session.post(_target(url), data=body, headers=headers, allow_redirects=False) as response:
            await _discard_body(response)
            if 200 <= response.status < 300:
                return Response(response.status)
            retry_after = read_retry_after(response.headers.get("Retry-After", ""), now=datetime.now(UTC))
            return Response(response.status, "redirect" if response.status < 400 else "bad_status", retry_after)

    def _open_socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, proto, _, address = info
        if not self._is_allowed(str(address[0])):
            raise AddressRefused("the address is not public, or denied")
        return socket.socket(family=family, type=kind, proto=proto)


@lru_cache(maxsize=4096)
def _target(url: str) -> URL:
    return URL(url, encoded=True)


async def _discard_body(response: aiohttp.ClientResponse) -> None:
    """Reads the response, so that its connection can be reused; closes the connection if the response is too long."""
    left = MAX_RESPONSE_BYTES
    while left > 0:
        chunk = await response.content.read(left)
        # Mostly a short body has come with the head: it ends here, without another read.
        if not chunk or response.content.at_eof():
            return
        left -= len(chunk)
    response.close()


def _why_not_connected(problem: aiohttp.ClientConnectorError, *, inside_is_secret: bool) -> str:
    """Returns an error code for the organizer's delivery log.

    It must not reveal which names exist inside the operator's network: a name that does not exist and one that leads
    inside get the same code.
    """
    refused = isinstance(problem.os_error, AddressRefused)
    unknown = isinstance(problem, aiohttp.ClientConnectorDNSError)
    if inside_is_secret and (refused or unknown):
        return "no_public_address"
    if refused or unknown:
        return "address_refused" if refused else "name_not_found"
    return "tls" if isinstance(problem, aiohttp.ClientSSLError) else "unreachable"
