"""What an organizer calls, with a token, as flows. `client.py` makes methods of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from omnify_client.errors import NotFound
from omnify_client.flow import Emit, Flow, Policy, Request, call
from omnify_client.models import Attendee, Event, LogEntry, NewSubscription, Subscription, load
from omnify_client.requests import json_body, new_key, params, post, read_list, read_one, results


def create_event(policy: Policy, /, *, idempotency_key: str | None = None, **fields: Any) -> Flow[Event]:
    """Makes an event. `fields` are those of `POST /events`; times are datetimes with an offset, or texts."""
    return (yield from read_one(policy, Event, post("/events", fields, idempotency_key or new_key())))


def update_event(policy: Policy, /, event_id: int, **fields: Any) -> Flow[Event]:
    """Changes the fields that are given."""
    return (
        yield from read_one(
            policy, Event, Request(method="PATCH", path=f"/events/{int(event_id)}", **json_body(fields))
        )
    )


def cancel_event(policy: Policy, /, event_id: int, *, idempotency_key: str | None = None) -> Flow[Event]:
    """Cancels an event, and with it every ticket in line or with a seat."""
    path = f"/events/{int(event_id)}/cancel"
    return (yield from read_one(policy, Event, post(path, None, idempotency_key or new_key())))


def attendees(
    policy: Policy,
    /,
    event_id: int,
    *,
    search: str | None = None,
    status: str | None = None,
    checked_in: bool | None = None,
) -> Flow[None]:
    """Iterates over an event's guests in the order of admission, page by page."""
    path = f"/events/{int(event_id)}/attendees"
    return read_list(policy, Attendee, path, search=search, status=status, checked_in=checked_in)


def stats(policy: Policy, /, event_id: int) -> Flow[Mapping[str, Any]]:
    """Returns an event's figures."""
    response = yield from call(policy, Request(method="GET", path=f"/events/{int(event_id)}/stats"))
    data: Mapping[str, Any] = response.data or {}
    return data


def create_webhook(
    policy: Policy,
    /,
    *,
    url: str,
    event_types: Iterable[str],
    event_id: int | None = None,
    idempotency_key: str | None = None,
) -> Flow[NewSubscription]:
    """Subscribes a URL to messages. `secret` of the result is shown this once."""
    body = {"url": url, "event_types": list(event_types), "event_id": event_id}
    return (yield from read_one(policy, NewSubscription, post("/webhooks", body, idempotency_key or new_key())))


def webhooks(policy: Policy, /) -> Flow[None]:
    """Iterates over the organizer's subscriptions, without their secrets."""
    return read_list(policy, Subscription, "/webhooks")


def rotate_webhook_secret(
    policy: Policy, /, webhook_id: int, *, idempotency_key: str | None = None
) -> Flow[NewSubscription]:
    """Makes a new secret, shown this once. The old one goes on signing for a day: verify with both until then."""
    path = f"/webhooks/{int(webhook_id)}/rotate-secret"
    return (yield from read_one(policy, NewSubscription, post(path, None, idempotency_key or new_key())))


def delete_webhook(policy: Policy, /, webhook_id: int) -> Flow[None]:
    """Ends a subscription. One that is gone already is no error: a retry may have been the second."""
    try:
        yield from call(policy, Request(method="DELETE", path=f"/webhooks/{int(webhook_id)}"))
    except NotFound:
        return


def log(policy: Policy, /, *, since: datetime | str | None = None, after: str | int | None = None) -> Flow[None]:
    """Iterates over what subscriptions would have got, oldest first, up to now: for a consumer that was down.

    Args:
        since: a time; the log goes back 30 days.
        after: the `id` of the last entry that was handled, which is also a webhook's `webhook-id`.

    Raises:
        LogExpired: the entry `after` is older than the log.
    """
    asked = params(since=since, after=after)
    while True:
        response = yield from call(policy, Request(method="GET", path="/log", params=asked))
        entries = results(response.data)
        for entry in entries:
            yield Emit(load(LogEntry, entry))
        if not entries or (isinstance(response.data, Mapping) and response.data.get("has_more") is False):
            return
        asked = params(after=entries[-1].get("id"))
