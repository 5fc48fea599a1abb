"""`omnify events`, `register` and `watch`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from omnify_client import Event, Omnify, Ticket, WaitTimeout
from omnify_client.models import Resource

Adding = Any  # what `add_subparsers` returns has no public name


def add_commands(adding: Adding) -> Iterator[argparse.ArgumentParser]:
    """Adds the commands."""
    events = adding.add_parser("events", help="list events")
    events.add_argument("--state", help="only those in this state: open, upcoming, ...")
    events.add_argument("--search", help="only those whose name or place has these words")
    events.add_argument("--past", action="store_true", default=None, help="those that are over")
    events.add_argument("--mine", action="store_true", default=None, help="the organizer's own")
    yield events

    register = adding.add_parser("register", help="register a person, and print the ticket's id")
    register.add_argument("event", type=int, help="the event's id")
    register.add_argument("--name", required=True)
    register.add_argument("--email", required=True)
    register.add_argument("--key", help="the Idempotency-Key, to go on after a crash; made anew unless given")
    register.add_argument("--type", type=int, help="the ticket type's id")
    register.add_argument("--quantity", type=int, help="seats, all or none")
    register.add_argument("--code", help="the access code")
    register.add_argument("--language", help="of the mails: en, de, ...")
    register.add_argument("--watch", action="store_true", help="follow the ticket to its last status")
    yield register

    watch = adding.add_parser("watch", help="follow a ticket to its last status")
    watch.add_argument("ticket", help="its id; - reads it from standard input")
    yield watch
    for command in (register, watch):
        command.add_argument("--timeout", type=float, help="give up watching after so many seconds")


def run(options: argparse.Namespace) -> int:
    """Runs one of them."""
    with Omnify(options.url, options.token) as client:
        if options.command == "events":
            return _events(client, options)
        if options.command == "register":
            return _register(client, options)
        ticket_id = sys.stdin.readline().strip() if options.ticket == "-" else options.ticket
        return _watch(client, ticket_id, options)


def _events(client: Omnify, options: argparse.Namespace) -> int:
    found = client.events(state=options.state, search=options.search, past=options.past, mine=options.mine)
    for event in found:
        _print(event, _event_line(event), options)
    return 0


def _event_line(event: Event) -> str:
    start = event.start_time.isoformat(sep=" ", timespec="minutes") if event.start_time else ""
    seats = f"{event.seats_left} of {event.max_capacity} left"
    return f"{event.id:>6}  {event.registration_state:<9}  {start}  {seats:<20}  {event.name}, {event.location}"


def _register(client: Omnify, options: argparse.Namespace) -> int:
    ticket = client.register(
        options.event,
        name=options.name,
        email=options.email,
        idempotency_key=options.key,
        ticket_type=options.type,
        quantity=options.quantity,
        code=options.code,
        language=options.language,
    )
    _print(ticket, ticket.ticket_id, options)
    return _watch(client, ticket, options) if options.watch else 0


def _watch(client: Omnify, ticket: Ticket | str, options: argparse.Namespace) -> int:
    try:
        for one in client.follow(ticket, timeout=options.timeout):
            _print(one, _ticket_line(one), options)
    except WaitTimeout as problem:
        print(f"omnify: {problem}", file=sys.stderr)
        return 1
    return 0


def _ticket_line(ticket: Ticket) -> str:
    details = {
        "position": ticket.position,
        "reason": ticket.reason,
        "until": ticket.expires_at.isoformat() if ticket.status == "held" and ticket.expires_at else None,
    }
    return " ".join([ticket.status, *(f"{name} {value}" for name, value in details.items() if value is not None)])


def _print(found: Resource, line: str, options: argparse.Namespace) -> None:
    print_line(found.raw if options.json else line)


def print_line(line: str | Mapping[str, Any]) -> None:
    """Prints a text, or an object as JSON, at once."""
    print(line if isinstance(line, str) else json.dumps(line, ensure_ascii=False), flush=True)
