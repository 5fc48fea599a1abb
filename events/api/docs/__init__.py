"""What the OpenAPI document says about each operation, one decorator each, apart from the views that they decorate."""

from events.api.docs.attendees import LIST_ATTENDEES, READ_STATS
from events.api.docs.check_in import CHECK_IN
from events.api.docs.door import CANCEL_TICKET, FOLLOW_TICKET, READ_EVENT, READ_TICKET, REGISTER
from events.api.docs.events import CANCEL_EVENT, CHANGE_EVENT, CREATE_EVENT, LIST_EVENTS
from events.api.docs.operating import LIVE, READY

__all__ = [
    "CANCEL_EVENT",
    "CANCEL_TICKET",
    "CHANGE_EVENT",
    "CHECK_IN",
    "CREATE_EVENT",
    "FOLLOW_TICKET",
    "LIST_ATTENDEES",
    "LIST_EVENTS",
    "LIVE",
    "READY",
    "READ_EVENT",
    "READ_STATS",
    "READ_TICKET",
    "REGISTER",
]
