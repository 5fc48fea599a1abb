"""Who asks: the address that a request counts under, and the organizer behind a bearer token, if any."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from events.domain.addresses import client_address
from events.domain.scopes import Grant, Scope
from events.domain.tickets import Tickets
from events.domain.tokens import NO_TOKEN, bearer_token, hash_token
from events.door.loader import Loader
from omnify.common.asgi_types import Scope as ConnectionScope


class Unauthenticated(Exception):
    """The token does not count. The message is for people."""


class Caller(NamedTuple):
    """Whoever registers. `address` is a digest; empty: not limited. `organizer_id` needs a token of full scope.

    Registering takes no token, so one of a smaller scope makes its holder no more than a guest; `scoped` tells why. An
    organizer has an address too: it is admission that knows whose event it is, and spares only that one the limit.
    """

    address: str
    organizer_id: int | None
    scoped: bool = False


class Callers:
    """Tells callers apart. Without an Authorization header it asks nobody."""

    def __init__(self, *, loader: Loader, tickets: Tickets, trusted_proxies: int, limited: bool) -> None:
        self._loader = loader
        self._trusted_proxies = trusted_proxies
        self._limited = limited
        self._digest: Callable[[str], str] = lru_cache(maxsize=8192)(tickets.address_digest)

    async def identify(
        self, scope: ConnectionScope, *, authorizations: Sequence[bytes], forwarded: Sequence[bytes]
    ) -> Caller:
        """The caller of a request; the sequences are the values of its Authorization and X-Forwarded-For headers.

        Raises:
            Unauthenticated: it shows a token that does not count.
            DatabaseUnavailable: nobody can say whether the token counts.
        """
        grant = await self._grant(authorizations) if authorizations else None
        organizer_id = grant.organizer_id if grant and grant.scope is Scope.FULL else None
        scoped = grant is not None and organizer_id is None
        if not self._limited:
            return Caller("", organizer_id, scoped)
        client = scope.get("client")
        address = client_address(
            peer=client[0] if client else "", forwarded=forwarded, trusted_proxies=self._trusted_proxies
        )
        return Caller(self._digest(address) if address else "", organizer_id, scoped)

    async def _grant(self, authorizations: Sequence[bytes]) -> Grant | None:
        # Several are joined as Django joins them, and so are no token that anybody was given.
        token = bearer_token(b",".join(authorizations).decode("latin-1"))
        if token is None:
            return None
        grant = await self._loader.find_grant(hash_token(token))
        if grant is None:
            raise Unauthenticated(NO_TOKEN)
        return grant
