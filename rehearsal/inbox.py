"""The webhooks of a rehearsal: a receiver on this machine, a subscription, and every message that comes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rehearsal.organizer import Organizer, Unusable
from rehearsal.receiver import Message, Receiver
from rehearsal.records import Told

PAUSE = 0.1


class Inbox:
    """Messages about tickets in the order in which they came. Filled by the receiver's thread."""

    def __init__(self) -> None:
        self.messages: list[Told] = []
        self._told: set[tuple[str, str]] = set()

    def add(self, message: Message) -> None:
        """Keeps what is about a ticket."""
        told = Told(
            id=message.id,
            type=message.type,
            ticket_id=str(message.data.get("ticket_id", "")),
            status=str(message.data.get("status", "")),
            genuine=message.verified is True,
        )
        self.messages.append(told)
        self._told.add((told.ticket_id, told.status))

    def wait_for(self, ends: set[tuple[str, str]], *, patience: float) -> list[Told]:
        """All messages, once each (ticket, status) has come, or nothing new has for `patience` seconds."""
        seen, until = -1, 0.0
        while not ends <= self._told:
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
