"""Takes wishes for a ticket in, as many as an address may have."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import HttpRequest

from events.admission.resend_limit import count_wish
from events.domain.attendee import email_key
from events.ledger.mail.resends import ask_for_ticket
from events.secrets import tickets
from events.services.audit import address_of
from omnify.common.clients import redis_client
from omnify.common.logs import get_logger

logger = get_logger(__name__)


class TooManyWishes(Exception):
    """This address must wait for `seconds`; nothing was written down."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many requests from this address. Try again in {seconds} seconds.")
        self.seconds = seconds


def take_wish(request: HttpRequest, *, event_id: int, email: str, mailed: bool) -> None:
    """Writes down that an address wishes its ticket for an event; only counts it where nothing is `mailed`.

    Raises:
        TooManyWishes: the client's address has had its share.
        redis.exceptions.RedisError: it cannot be counted, so it is refused.
    """
    digest = tickets().address_digest(f"resend address {address_of(request)}")
    seconds = count_wish(redis_client(), address=digest)
    if seconds:
        logger.throttled_warning("wishes for tickets limited", seconds=seconds)
        raise TooManyWishes(seconds)
    if mailed:  # no mailer would look at it
        ask_for_ticket(event_id, email_key(email), now=datetime.now(UTC))
