"""Every call as a flow: what is sent, and what is read from the response. `client.py` makes methods of them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from omnify_client import following
from omnify_client.errors import NotFound
from omnify_client.flow import Emit, Flow, Policy, Request, call
from omnify_client.models import Attendee, Event, LogEntry, Model, Subscription, Ticket, load

PAGE_SIZE = 100
_TICKET_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")

AnyTicket = Ticket | str


# For guests


def register(
    policy: Policy,
    /,
    event_id: int,
    *,
    name: str,
    email: str,
    idempotency_key: str | None = None,
    ticket_type: int | None = None,
    quantity: int | None = None,
    code: str | None = None,
    language: str | None = None,
    callback_url: str | None = None,
    receipt: bool = False,
) -> Flow[Ticket]:
    """Registers a person, and returns the queued ticket; what is decided, `wait` and `follow` say.

    It is tried again for `retry_seconds` under one Idempotency-Key, so that there is one ticket at most. To go on after
    that, or after a crash, call it with the same key: one of your own, or `idempotency_key` of the error.

    Args:
        idempotency_key: 1 to 255 printable ASCII characters, hard to guess; made anew unless given.
        ticket_type: its id; needed where the event has several.
        quantity: seats, all or none.
        code: the access code, where the event asks for one.
        language: of the mails, `de` say.
        callback_url: gets this ticket's webhooks; for organizers.
        receipt: asks for the operator's signed statement, `ticket.receipt`.

    Raises:
        SoldOut, DuplicateRegistration, RegistrationNotOpen, CodeInvalid, ...: what an ApiError can be.
        ApiConnectionError: no response in time; the registration may have been taken in.
    """
    optional = {
        "ticket_type": ticket_type,
        "quantity": quantity,
        "code": code,
        "language": language,
        "callback_url": callback_url,
    }
    body = {"name": name, "email": email} | {field: value for field, value in optional.items() if value is not None}
    path = f"/events/{int(event_id)}/register"
    more = {"Prefer": "receipt"} if receipt else {}
    response = yield from call(policy, _post(path, body, idempotency_key or new_key(), headers=more))
    return load(Ticket, response.data)


def ticket(policy: Policy, /, ticket: AnyTicket) -> Flow[Ticket]:
    """Returns a ticket as it is now."""
    return (yield from _one(policy, Ticket, Request(method="GET", path=ticket_path(ticket))))


def wait(policy: Policy, /, ticket: AnyTicket, *, timeout: float | None = None, final: bool = False) -> Flow[Ticket]:
    """Returns the ticket once it is decided: confirmed, held, waitlisted, entered or refused.

    Args:
        timeout: seconds; None: as long as it takes.
        final: wait on until its status changes no more by itself, which may take until the event.

    Raises:
        WaitTimeout: after `timeout`; its `ticket` is as last seen.
        ApiConnectionError: the service was out of reach for `retry_seconds`.
    """
    until: following.Until = (lambda one: one.final) if final else (lambda one: one.decided)
    return following.wait(policy, ticket_path(ticket), timeout=timeout, until=until)


def follow(policy: Policy, /, ticket: AnyTicket, *, timeout: float | None = None) -> Flow[None]:
    """Iterates over a ticket's states: as it is now, then each change, until its status is final. Raises as `wait`."""
    return following.follow(policy, ticket_path(ticket), timeout=timeout)


def cancel(policy: Policy, /, ticket: AnyTicket) -> Flow[Ticket]:
    """Gives a ticket back. Once this returns, it is certain; its turn in the event's queue comes a moment later."""
    return (yield from _one(policy, Ticket, Request(method="DELETE", path=ticket_path(ticket))))


def confirm(
    policy: Policy, /, ticket: AnyTicket, *, payment_reference: str | None = None, token: str | None = None
) -> Flow[Ticket]:
    """Confirms a held ticket: by a payment, with the `token` that was mailed to the address, or as its holder.

    Raises:
        NotHeld: its time has run out, say.
    """
    body = {"payment_reference": payment_reference, "token": token}
    given = {field: value for field, value in body.items() if value is not None}
    request = Request(method="POST", path=f"{ticket_path(ticket)}/confirm", **_json(given))
    return (yield from _one(policy, Ticket, request))


def resend(policy: Policy, /, event_id: int, *, email: str) -> Flow[None]:
    """Has the ticket's link mailed to this address, if it has one. The answer is the same where it has none."""
    request = Request(method="POST", path=f"/events/{int(event_id)}/resend", **_json({"email": email}))
    yield from call(policy, request)


def proof(policy: Policy, /, ticket: AnyTicket) -> Flow[Any]:
    """Returns where a ticket's entries stand in the event's decision log, with their inclusion proofs."""
    response = yield from call(policy, Request(method="GET", path=f"{ticket_path(ticket)}/proof"))
    return response.data


def events(
    policy: Policy,
    /,
    *,
    state: str | None = None,
    search: str | None = None,
    past: bool | None = None,
    mine: bool | None = None,
) -> Flow[None]:
    """Iterates over public events, soonest start first; with a token and `mine` over the organizer's own."""
    return _list(policy, Event, "/events", state=state, search=search, past=past, mine=mine)


def event(policy: Policy, /, event_id: int) -> Flow[Event]:
    """Returns one event."""
    return (yield from _one(policy, Event, Request(method="GET", path=f"/events/{int(event_id)}")))


# For organizers


def create_event(policy: Policy, /, *, idempotency_key: str | None = None, **fields: Any) -> Flow[Event]:
    """Makes an event. `fields` are those of `POST /events`; times are datetimes with an offset, or texts."""
    return (yield from _one(policy, Event, _post("/events", fields, idempotency_key or new_key())))


def update_event(policy: Policy, /, event_id: int, **fields: Any) -> Flow[Event]:
    """Changes the fields that are given."""
    return (yield from _one(policy, Event, Request(method="PATCH", path=f"/events/{int(event_id)}", **_json(fields))))


def cancel_event(policy: Policy, /, event_id: int, *, idempotency_key: str | None = None) -> Flow[Event]:
    """Cancels an event, and with it every ticket in line or with a seat."""
    path = f"/events/{int(event_id)}/cancel"
    return (yield from _one(policy, Event, _post(path, None, idempotency_key or new_key())))


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
    return _list(policy, Attendee, path, search=search, status=status, checked_in=checked_in)


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
) -> Flow[Subscription]:
    """Subscribes a URL to messages. `secret` of the result is shown this once."""
    body = {"url": url, "event_types": list(event_types), "event_id": event_id}
    return (yield from _one(policy, Subscription, _post("/webhooks", body, idempotency_key or new_key())))


def webhooks(policy: Policy, /) -> Flow[None]:
    """Iterates over the organizer's subscriptions, without their secrets."""
    return _list(policy, Subscription, "/webhooks")


def rotate_webhook_secret(
    policy: Policy, /, webhook_id: int, *, idempotency_key: str | None = None
) -> Flow[Subscription]:
    """Makes a new secret, shown this once. The old one goes on signing for a day: verify with both until then."""
    path = f"/webhooks/{int(webhook_id)}/rotate-secret"
    return (yield from _one(policy, Subscription, _post(path, None, idempotency_key or new_key())))


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
    params = _params(since=since, after=after)
    while True:
        response = yield from call(policy, Request(method="GET", path="/log", params=params))
        entries = _results(response.data)
        for entry in entries:
            yield Emit(load(LogEntry, entry))
        if not entries or (isinstance(response.data, Mapping) and response.data.get("has_more") is False):
            return
        params = _params(after=entries[-1].get("id"))


# How they are made


def new_key() -> str:
    """Makes an Idempotency-Key: 122 random bits."""
    return str(uuid.uuid4())


def ticket_path(ticket: AnyTicket) -> str:
    """Returns where a ticket is. Raises ValueError, without the id in its message."""
    ticket_id = ticket.ticket_id if isinstance(ticket, Ticket) else ticket
    if not _TICKET_ID.fullmatch(ticket_id):
        raise ValueError("this is not a ticket's id")
    return f"/registrations/{quote(ticket_id, safe='')}"


def _one(policy: Policy, kind: type[Model], request: Request) -> Flow[Model]:
    response = yield from call(policy, request)
    return load(kind, response.data)


def _list(policy: Policy, kind: type[Model], path: str, **narrowed: Any) -> Flow[None]:
    page = 1
    while True:
        params = _params(page=page, page_size=PAGE_SIZE, **narrowed)
        try:
            response = yield from call(policy, Request(method="GET", path=path, params=params))
        except NotFound:
            if page > 1:
                return  # the list has become shorter
            raise
        for one in _results(response.data):
            yield Emit(load(kind, one))
        data = response.data
        if not isinstance(data, Mapping) or page >= int(data.get("total_pages") or 0):
            return
        page += 1


def _results(data: Any) -> list[Any]:
    found = data.get("results") if isinstance(data, Mapping) else data
    return found if isinstance(found, list) else []


def _post(path: str, body: Mapping[str, Any] | None, key: str, headers: Mapping[str, str] | None = None) -> Request:
    if not _KEY.fullmatch(key):
        raise ValueError("an idempotency key has 1 to 255 printable ASCII characters")
    sent = _json(body)
    sent["headers"] = {**sent["headers"], **(headers or {}), "Idempotency-Key": key}
    return Request(method="POST", path=path, secret_key=key, **sent)


def _json(body: Mapping[str, Any] | None) -> dict[str, Any]:
    if body is None:
        return {"headers": {}}
    return {"headers": {"Content-Type": "application/json"}, "body": json.dumps(body, default=_plain).encode()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return _time(value)
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


def _time(value: datetime) -> str:
    if value.tzinfo is None:
        raise ValueError("a time needs an offset: datetime.now(UTC), say")
    return value.isoformat()


def _params(**given: Any) -> dict[str, str]:
    texts: dict[type, Callable[[Any], str]] = {bool: lambda value: str(value).lower(), datetime: _time}
    return {name: texts.get(type(value), str)(value) for name, value in given.items() if value is not None}
