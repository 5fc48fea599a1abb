"""How calls are made: paths and bodies of requests, keys, and what is read from a response or from a list's pages."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from omnify_client.errors import NotFound
from omnify_client.flow import Emit, Flow, Policy, Request, call
from omnify_client.models import Model, Ticket, load

PAGE_SIZE = 100
_TICKET_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_KEY = re.compile(r"[\x20-\x7e]{1,255}")

AnyTicket = Ticket | str


def new_key() -> str:
    """Makes an Idempotency-Key: 122 random bits."""
    return str(uuid.uuid4())


def ticket_path(ticket: AnyTicket) -> str:
    """Returns where a ticket is. Raises ValueError, without the id in its message."""
    ticket_id = ticket.ticket_id if isinstance(ticket, Ticket) else ticket
    if not _TICKET_ID.fullmatch(ticket_id):
        raise ValueError("this is not a ticket's id")
    return f"/registrations/{quote(ticket_id, safe='')}"


def read_one(policy: Policy, kind: type[Model], request: Request) -> Flow[Model]:
    """Sends a request whose response is one object."""
    response = yield from call(policy, request)
    return load(kind, response.data)


def read_list(policy: Policy, kind: type[Model], path: str, **narrowed: Any) -> Flow[None]:
    """Iterates over the objects of a list, page by page."""
    page = 1
    while True:
        asked = params(page=page, page_size=PAGE_SIZE, **narrowed)
        try:
            response = yield from call(policy, Request(method="GET", path=path, params=asked))
        except NotFound:
            if page > 1:
                return  # the list has become shorter
            raise
        for one in results(response.data):
            yield Emit(load(kind, one))
        data = response.data
        if not isinstance(data, Mapping) or page >= int(data.get("total_pages") or 0):
            return
        page += 1


def results(data: Any) -> list[Any]:
    """Returns what a page of a list contains."""
    found = data.get("results") if isinstance(data, Mapping) else data
    return found if isinstance(found, list) else []


def post(path: str, body: Mapping[str, Any] | None, key: str, headers: Mapping[str, str] | None = None) -> Request:
    """Makes a POST that its key lets send again. Raises ValueError: this is no key."""
    if not _KEY.fullmatch(key):
        raise ValueError("an idempotency key has 1 to 255 printable ASCII characters")
    sent = json_body(body)
    sent["headers"] = {**sent["headers"], **(headers or {}), "Idempotency-Key": key}
    return Request(method="POST", path=path, secret_key=key, **sent)


def json_body(body: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns a request's body and the header that names its type. Raises ValueError for a time without an offset."""
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


def params(**given: Any) -> dict[str, str]:
    """Returns a query's parameters without those that are None. Raises ValueError for a time without an offset."""
    texts: dict[type, Callable[[Any], str]] = {bool: lambda value: str(value).lower(), datetime: _time}
    return {name: texts.get(type(value), str)(value) for name, value in given.items() if value is not None}
