"""The service's ticket ids and message ids, under its secrets."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from events.domain.decision_log.receipts import ReceiptSigner
from events.domain.tickets import Tickets
from events.domain.webhooks.message import MessageIds
from events.domain.webhooks.sealing import Sealer


@cache
def tickets() -> Tickets:
    """Returns the maker and checker of ticket ids; cached, since deriving its keys costs more than using them."""
    return Tickets(settings.ENV.secret_key, *settings.ENV.secret_key_fallbacks)


@cache
def message_ids() -> MessageIds:
    """Returns the maker of webhook message ids."""
    return MessageIds(settings.ENV.secret_key, *settings.ENV.secret_key_fallbacks)


@cache
def sealer() -> Sealer:
    """Seals and opens webhook secrets; cached, since its keys never change."""
    return Sealer(settings.ENV.secret_key, *settings.ENV.secret_key_fallbacks)


def receipt_signer() -> ReceiptSigner | None:
    """Returns what signs receipts; None where the operator has set no key, or no log would be there to keep them."""
    seed = settings.ENV.log_signing_key if settings.ENV.decision_log else b""
    return ReceiptSigner(settings.ENV.public_host, seed) if seed else None
