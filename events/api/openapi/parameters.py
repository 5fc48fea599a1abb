"""What stands in the addresses of operations, and in their queries: each described as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from events.api.fields import MomentField
from events.api.pagination import DEFAULT_SIZE, MAX_SIZE
from events.domain.text import LINE_MAX
from events.domain.tickets import REFERENCE_PATTERN, TICKET_ID_PATTERN

# As `events.door.parse.event_id` reads ids: at most 18 digits.
ID = {"type": "integer", "format": "int64", "minimum": 1, "maximum": 10**18 - 1}
REFERENCE = {"type": "string", "pattern": REFERENCE_PATTERN, "example": "7-Zk3vB9qT"}
MOMENT = MomentField().accepts()
SEARCH = {"type": "string", "maxLength": LINE_MAX}
SEARCH_RULE = "Case, accents, width and white space do not count."


def id_in_path(name: str, schema: Any = None) -> OpenApiParameter:
    """Describes a part of the address; unless told, the number of an object."""
    return OpenApiParameter(name, schema or ID, OpenApiParameter.PATH)


EVENT_ID = id_in_path("event_id")
TICKET_ID = id_in_path("ticket_id", {"type": "string", "pattern": TICKET_ID_PATTERN})
REFERENCE_IN_PATH = id_in_path("reference", REFERENCE)


def sent_header(name: str, description: str, *statuses: int, kind: Any = str, always: bool = True) -> OpenApiParameter:
    """Describes a header of answers with these statuses: of all of them, or not `always`."""
    schema = {"type": "integer", "minimum": 0} if kind is int else kind
    return OpenApiParameter(name, schema, "header", description=description, response=list(statuses), required=always)


LINK = {"type": "string", "format": "uri-reference"}
RETRY_AFTER_OUTAGE = sent_header("Retry-After", "Whole seconds to wait before trying again.", 503, kind=int)
_READING = partial(sent_header, "Retry-After", kind=int)
RETRY_AFTER_READING = _READING("Whole seconds to wait before reading the ticket.", 202)
RETRY_UNLESS_FINAL = _READING("Whole seconds to wait before reading the ticket, unless it is final.", 202, always=False)
CHALLENGE = sent_header("WWW-Authenticate", "Always `Bearer`.", 401, kind={"type": "string", "enum": ["Bearer"]})


def help_link(*statuses: int) -> OpenApiParameter:
    """Describes the link that every failure has."""
    text = "Leads to the page of the error's code, such as </docs/errors/sold_out>."
    return sent_header("Link", text, *statuses)


def paging() -> Sequence[OpenApiParameter]:
    """Describes `page` and `page_size`."""
    page = {"type": "integer", "minimum": 1, "maximum": 10**12 - 1, "default": 1}
    size = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": DEFAULT_SIZE}
    return (
        OpenApiParameter("page", page, description="Counted from 1."),
        OpenApiParameter("page_size", size, description="How many a page has."),
    )


def flag(name: str, description: str) -> OpenApiParameter:
    """Describes a query parameter that is `true` or `false`."""
    return OpenApiParameter(name, OpenApiTypes.BOOL, description=description)
