"""Identifies the client of a request: its address for the limits, and the organizer of its bearer token, if any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from msgspec import Struct

from events.domain.addresses import client_address
from events.domain.scopes import Grant, Scope
from events.domain.tickets import Tickets
from events.domain.tokens import NO_TOKEN, bearer_token, hash_token
from events.door.loader import Loader


class Unauthenticated(Exception):
    """The token is unknown, expired or revoked. The message is for people."""


class Caller(Struct, frozen=True, gc=False):
    """The client of a registration.

    `address` is a digest of its address, empty if addresses are not limited. `organizer_id` is set for a token with the
    scope `full`. Registering needs no token, so a token with a smaller scope counts as none; `scoped` is true then. An
    organizer has an address too: only admission knows whose event it is, and exempts its own organizer from the limit.
    """

    address: str
    organizer_id: int | None
    scoped: bool = False


_UNCOUNTED = Caller("", None)


class Callers:
    """Identifies callers. Without an Authorization header it reads no store."""

    def __init__(self, *, loader: Loader, tickets: Tickets, trusted_proxies: int, limited: bool) -> None:
        self._loader = loader
        self._trusted_proxies = trusted_proxies
        self._limited = limited
        self._digest: Callable[[str], str] = lru_cache(maxsize=8192)(tickets.address_digest)

    async def identify(self, *, peer: str, authorizations: Sequence[bytes], forwarded: Sequence[bytes]) -> Caller:
        """Returns the caller of a request from the address `peer` (empty for a Unix socket), with these values of its
        Authorization and X-Forwarded-For headers.

        Raises:
            Unauthenticated: its token is unknown, expired or revoked.
            DatabaseUnavailable: the token cannot be checked.
        """
        grant = await self._grant(authorizations) if authorizations else None
        organizer_id = grant.organizer_id if grant and grant.scope is Scope.FULL else None
        return Caller(self._address(peer, forwarded), organizer_id, scoped=grant is not None and organizer_id is None)

    def anonymous(self, peer: str, forwarded: bytes | None) -> Caller:
        """Returns the caller of a request without an Authorization header, and with at most one X-Forwarded-For."""
        if not self._limited:
            return _UNCOUNTED
        return Caller(self._address(peer, () if forwarded is None else (forwarded,)), None)

    def _address(self, peer: str, forwarded: Sequence[bytes]) -> str:
        if not self._limited:
            return ""
        address = client_address(peer=peer, forwarded=forwarded, trusted_proxies=self._trusted_proxies)
        return self._digest(address) if address else ""

    async def _grant(self, authorizations: Sequence[bytes]) -> Grant | None:
        # Several values are joined, as Django does it; the result is no valid token.
        token = bearer_token(b",".join(authorizations).decode("latin-1"))
        if token is None:
            return None
        grant = await self._loader.find_grant(hash_token(token))
        if grant is None:
            raise Unauthenticated(NO_TOKEN)
        return grant
