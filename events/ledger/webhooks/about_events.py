"""Messages that are not about a ticket: about an event, or a test.

write_event_message   `event.changed` and `event.cancelled`, in the transaction of the change
sold_out              the message itself, which the outbox writes with the decisions that took the last seat
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from events.domain.public.event import render_event
from events.domain.times import to_ms, whole_ms
from events.domain.webhooks.message import LoggedAt, MessageType, encode_data
from events.domain.webhooks.states import DeliveryState
from events.domain.webhooks.stored import StoredMessage, pack
from events.ledger.queries import event_snapshot
from events.ledger.records import Subscriber
from events.ledger.webhooks.log import write_batch
from events.ledger.webhooks.subscribers import subscribed
from events.models import Event, WebhookDelivery
from events.secrets import tickets


def write_event_message(event: Event, type_: MessageType, *, now: datetime) -> int:
    """Writes the message about a change of the event itself, with the event as it is now. Returns to how many."""
    now = whole_ms(now)
    message = about_event(event, type_, now)
    batch = write_batch(pack([], [], [message]), 1, organizer_id=event.organizer_id, event_id=event.pk, now=now)
    return tell_of_event(event, subscribed(event), message, now=now, at=LoggedAt(batch, 0))


def about_event(event: Event, type_: MessageType, now: datetime) -> StoredMessage:
    """Makes a message with the event as it is now."""
    data = render_event(event_snapshot(event), now_ms=to_ms(now))
    return StoredMessage(type_.value, mark=tickets().mark, data=encode_data(data))


def tell_of_event(
    event: Event, subscribers: Sequence[Subscriber], message: StoredMessage, *, now: datetime, at: LoggedAt
) -> int:
    """Writes a message about the event to those of `subscribers` who asked for its type. Returns how many."""
    interested = [one for one in subscribers if one.type == message.type]
    return len(write_other_messages(interested, event_id=event.pk, message=message, now=now, at=at))


def write_other_messages(
    subscribers: Sequence[Subscriber],
    *,
    event_id: int | None,
    message: StoredMessage,
    now: datetime,
    at: LoggedAt | None = None,
) -> list[WebhookDelivery]:
    """Writes a message that is not about a ticket to each of `subscribers`; `at`: where it stands in the event log."""
    rows = [
        WebhookDelivery(
            webhook_id=one.webhook_id,
            endpoint_id=one.endpoint_id,
            event_id=event_id,
            type=message.type,
            data=message.data,
            mark=message.mark,
            log_batch=at.batch if at else None,
            log_index=at.number if at else None,
            created_at=now,
            state=DeliveryState.PENDING.value,
            next_attempt_at=now,
        )
        for one in subscribers
    ]
    return WebhookDelivery.objects.bulk_create(rows)
