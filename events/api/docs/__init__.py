"""What the OpenAPI document says about each operation, one decorator each, apart from the views that they decorate."""

from events.api.docs.attendees import LIST_ATTENDEES, READ_STATS
from events.api.docs.door import READ_EVENT, READ_TICKET, REGISTER
from events.api.docs.events import CHANGE_EVENT, CREATE_EVENT, LIST_EVENTS
from events.api.docs.operating import LIVE, READY

__all__ = [
    "CHANGE_EVENT",
    "CREATE_EVENT",
    "LIST_ATTENDEES",
    "LIST_EVENTS",
    "LIVE",
    "READY",
    "READ_EVENT",
    "READ_STATS",
    "READ_TICKET",
    "REGISTER",
]
