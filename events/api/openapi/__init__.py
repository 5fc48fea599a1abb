"""What the OpenAPI document says about each operation, one decorator each, apart from the views that they decorate."""

from events.api.openapi import fields  # noqa: F401  input fields are described as they say
from events.api.openapi.attendees import ADD_ATTENDEE, CANCEL_ATTENDEE, CORRECT_ATTENDEE, LIST_ATTENDEES, READ_STATS
from events.api.openapi.check_in import CHECK_IN, CHECK_IN_BY_CODE, READ_OFFLINE_LIST, UNDO_CHECK_IN
from events.api.openapi.codes import CREATE_CODES, LIST_CODES, REVOKE_CODE, REVOKE_CODES
from events.api.openapi.decision_log import (
    READ_CHECKPOINT,
    READ_LATER_CHECKPOINT,
    READ_LATER_LOG_KEY,
    READ_LATER_TILE,
    READ_LOG_KEY,
    READ_PROOF,
    READ_TILE,
)
from events.api.openapi.door import READ_EVENT, REGISTER
from events.api.openapi.events import (
    CANCEL_EVENT,
    CHANGE_EVENT,
    CREATE_EVENT,
    DELETE_EVENT,
    DUPLICATE_EVENT,
    LIST_EVENTS,
    PAUSE_EVENT,
    RESUME_EVENT,
)
from events.api.openapi.holds import CONFIRM_TICKET
from events.api.openapi.kept_mails import LIST_KEPT_MAILS, READ_KEPT_MAIL, SHOW_KEPT_MAIL
from events.api.openapi.mails import LIST_MAILS, READ_MAIL_STATUS
from events.api.openapi.operating import DOOR, LIVE, READY
from events.api.openapi.resend import RESEND_TICKET, RESEND_TO_ATTENDEE
from events.api.openapi.tickets import CANCEL_TICKET, FOLLOW_TICKET, READ_TICKET
from events.api.openapi.tokens import CREATE_TOKEN, LIST_TOKENS, READ_AUDIT, REVOKE_TOKEN
from events.api.webhooks.openapi import (
    CHANGE_WEBHOOK,
    CREATE_WEBHOOK,
    DELETE_WEBHOOK,
    LIST_DELIVERIES,
    LIST_WEBHOOKS,
    READ_EVENT_LOG,
    READ_WEBHOOK,
    RENEW_DEFAULT_SECRET,
    REPLAY_WEBHOOK,
    RETRY_DELIVERY,
    ROTATE_SECRET,
    TEST_WEBHOOK,
)

__all__ = [
    "ADD_ATTENDEE",
    "CANCEL_ATTENDEE",
    "CANCEL_EVENT",
    "CANCEL_TICKET",
    "CHANGE_EVENT",
    "CHANGE_WEBHOOK",
    "CHECK_IN",
    "CHECK_IN_BY_CODE",
    "CONFIRM_TICKET",
    "CORRECT_ATTENDEE",
    "CREATE_CODES",
    "CREATE_EVENT",
    "CREATE_TOKEN",
    "CREATE_WEBHOOK",
    "DELETE_EVENT",
    "DELETE_WEBHOOK",
    "DOOR",
    "DUPLICATE_EVENT",
    "FOLLOW_TICKET",
    "LIST_ATTENDEES",
    "LIST_CODES",
    "LIST_DELIVERIES",
    "LIST_EVENTS",
    "LIST_KEPT_MAILS",
    "LIST_MAILS",
    "LIST_TOKENS",
    "LIST_WEBHOOKS",
    "LIVE",
    "PAUSE_EVENT",
    "READY",
    "READ_AUDIT",
    "READ_CHECKPOINT",
    "READ_EVENT",
    "READ_EVENT_LOG",
    "READ_KEPT_MAIL",
    "READ_LATER_CHECKPOINT",
    "READ_LATER_LOG_KEY",
    "READ_LATER_TILE",
    "READ_LOG_KEY",
    "READ_MAIL_STATUS",
    "READ_OFFLINE_LIST",
    "READ_PROOF",
    "READ_STATS",
    "READ_TICKET",
    "READ_TILE",
    "READ_WEBHOOK",
    "REGISTER",
    "RENEW_DEFAULT_SECRET",
    "REPLAY_WEBHOOK",
    "RESEND_TICKET",
    "RESEND_TO_ATTENDEE",
    "RESUME_EVENT",
    "RETRY_DELIVERY",
    "REVOKE_CODE",
    "REVOKE_CODES",
    "REVOKE_TOKEN",
    "ROTATE_SECRET",
    "SHOW_KEPT_MAIL",
    "TEST_WEBHOOK",
    "UNDO_CHECK_IN",
]
