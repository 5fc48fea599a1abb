"""The webhooks of a rehearsal: a local receiver, a subscription, and the messages that come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.organizer import Organizer, Unusable
from rehearsal.receiver import Message, Receiver
from rehearsal.records import WebhookMessage

PAUSE = 0.1


class Inbox:
    """Messages about tickets, in the order of arrival. The receiver's thread adds them."""

    def __init__(self) -> None:
        self.messages: list[WebhookMessage] = []
        self._seen: set[tuple[str, str]] = set()

    def add(self, message: Message) -> None:
        """Adds a message."""
        received = WebhookMessage(
            id=message.id,
            type=message.type,
            ticket_id=str(message.data.get("ticket_id", "")),
            status=str(message.data.get("status", "")),
            genuine=message.verified is True,
        )
        self.messages.append(received)
        self._seen.add((received.ticket_id, received.status))

    def wait_for(self, ends: set[tuple[str, str]], *, patience: float) -> list[WebhookMessage]:
        """Returns all messages, once each (ticket, status) has come, or none has for `patience` seconds."""
        seen, until = -1, 0.0
        while not ends <= self._seen:
            if len(self.messages) != seen:
                seen, until = len(self.messages), time.monotonic() + patience
            if time.monotonic() > until:
                break
            time.sleep(PAUSE)
        return list(self.messages)


@contextmanager
def open_inbox(organizer: Organizer, event_id: int) -> Iterator[Inbox]:
    """Subscribes to the event until the end of the block.

    Raises:
        Unusable: the service does not send to this machine.
    """
    inbox = Inbox()
    with Receiver(inbox.add) as receiver:
        try:
            webhook_id, secret = organizer.subscribe(url=receiver.url, event_id=event_id)
        except Unusable as problem:
            raise Unusable(f"--webhooks: {problem} Start the service with WEBHOOK_ALLOW_PRIVATE=true.") from problem
        receiver.secrets.append(secret)
        try:
            yield inbox
        finally:
            organizer.unsubscribe(webhook_id)
