"""Turns a claimed delivery into the request that is sent: URL, body, signed headers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from events.domain.tickets import Tickets
from events.domain.times import to_ms
from events.domain.webhooks.message import MessageIds
from events.domain.webhooks.sealing import CannotOpen, Sealer
from events.domain.webhooks.signing import BadSecret, signature, signing_key
from events.domain.webhooks.stored import StoredMessage, render
from events.domain.webhooks.url import BadUrl, check_url
from events.ledger.webhooks.claims import ClaimedDelivery, Destination

USER_AGENT = "Omnify-Webhooks/1.0"


class Unsendable(Exception):
    """The delivery cannot be sent. The text is the error code for the delivery log."""


class SignedRequest(NamedTuple):
    """A request, ready to be sent with POST."""

    url: str
    body: bytes
    headers: dict[str, str]


class RequestSigner:
    """Makes signed requests. `secrets` are the service's, the current one first."""

    def __init__(self, *, secrets: Sequence[str], allow_private: bool) -> None:
        self._tickets = Tickets(*secrets)
        self._ids = MessageIds(*secrets)
        self._allow_private = allow_private
        sealer = Sealer(*secrets)
        # Decrypting a secret costs more than signing with it. The key of the cache is the sealed secret.
        self._key = lru_cache(maxsize=4096)(lambda sealed: signing_key(sealer.open(sealed)))
        self._checked = lru_cache(maxsize=4096)(lambda url: check_url(url, allow_private=allow_private))

    def sign(self, delivery: ClaimedDelivery, destination: Destination, *, now: datetime) -> SignedRequest:
        """Returns the request of one attempt. Attempts of a delivery differ in timestamp and signature only.

        Raises:
            Unsendable: the URL is no longer allowed, the secret cannot be decrypted, or a later release, which has been
                taken back since, wrote a message that this one does not know.
        """
        url = delivery.url or destination.url
        try:
            self._checked(url)
            keys = [self._key(sealed) for sealed in destination.sealed_secrets]
        except BadUrl as problem:
            raise Unsendable("url_refused") from problem
        except (CannotOpen, BadSecret) as problem:
            raise Unsendable("secret_unreadable") from problem
        try:
            body = self.body(delivery)
        except (KeyError, ValueError) as problem:
            raise Unsendable("unknown_message") from problem
        message_id, seconds = self._ids.of(delivery.id, delivery.mark, logged=delivery.logged), int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": message_id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(keys, message_id=message_id, seconds=seconds, body=body),
        }
        return SignedRequest(url, body, headers)

    def body(self, row: ClaimedDelivery) -> bytes:
        """Returns the body: the same bytes for every attempt."""
        message = StoredMessage(
            row.type,
            ticket_key=row.ticket_key,
            sequence=row.sequence,
            requested_ms=to_ms(row.requested_at) if row.requested_at else 0,
            decided_ms=to_ms(row.decided_at) if row.decided_at else 0,
            mark=row.mark,
            reason=row.reason,
            quantity=row.quantity,
            type_id=row.ticket_type_id or 0,
            position=row.position,
            expires_ms=to_ms(row.expires_at) if row.expires_at else None,
            checked_in_ms=to_ms(row.checked_in_at) if row.checked_in_at else None,
            partly_in=row.partly_in,
            data=row.data,
            confirmed_by=row.hold_confirmed_by or "",
        )
        return render(message, self._tickets, event_id=row.event_id, changed_ms=to_ms(row.created_at))
