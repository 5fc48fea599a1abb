"""What a guest calls, as flows: what is sent, and what is read from the response. `client.py` makes methods of them."""

from __future__ import annotations

from typing import Any

from omnify_client import following
from omnify_client.flow import Flow, Policy, Request, call
from omnify_client.models import Event, Ticket, load
from omnify_client.requests import AnyTicket, json_body, new_key, post, read_list, read_one, ticket_path


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
    response = yield from call(policy, post(path, body, idempotency_key or new_key(), headers=more))
    return load(Ticket, response.data)


def ticket(policy: Policy, /, ticket: AnyTicket) -> Flow[Ticket]:
    """Returns a ticket as it is now."""
    return (yield from read_one(policy, Ticket, Request(method="GET", path=ticket_path(ticket))))


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
    return (yield from read_one(policy, Ticket, Request(method="DELETE", path=ticket_path(ticket))))


def confirm(
    policy: Policy, /, ticket: AnyTicket, *, payment_reference: str | None = None, token: str | None = None
) -> Flow[Ticket]:
    """Confirms a held ticket: by a payment, with the `token` that was mailed to the address, or as its holder.

    Raises:
        NotHeld: its time has run out, say.
    """
    body = {"payment_reference": payment_reference, "token": token}
    given = {field: value for field, value in body.items() if value is not None}
    request = Request(method="POST", path=f"{ticket_path(ticket)}/confirm", **json_body(given))
    return (yield from read_one(policy, Ticket, request))


def resend(policy: Policy, /, event_id: int, *, email: str) -> Flow[None]:
    """Has the ticket's link mailed to this address, if it has one. The answer is the same where it has none."""
    request = Request(method="POST", path=f"/events/{int(event_id)}/resend", **json_body({"email": email}))
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
    return read_list(policy, Event, "/events", state=state, search=search, past=past, mine=mine)


def event(policy: Policy, /, event_id: int) -> Flow[Event]:
    """Returns one event."""
    return (yield from read_one(policy, Event, Request(method="GET", path=f"/events/{int(event_id)}")))
