"""The tables and their constraints."""

from events.models.access_code import AccessCode
from events.models.audit import AuditEntry
from events.models.decision_log import DecisionLog, DecisionLogChunk
from events.models.description import EventDescription
from events.models.draw import Draw, DrawRank
from events.models.event import Event, SizeChange
from events.models.guest_correction import GuestCorrection
from events.models.idempotent_answer import IdempotentAnswer
from events.models.mail import Mail, MailNotice, MailOptOut, ResendRequest
from events.models.message_batch import MessageBatch
from events.models.organizer import Organizer, OrganizerToken
from events.models.registration import Registration
from events.models.ticket_trace import TicketTrace
from events.models.ticket_type import TicketType
from events.models.webhook import Webhook, WebhookDelivery, WebhookEndpoint

__all__ = [
    "AccessCode",
    "AuditEntry",
    "DecisionLog",
    "DecisionLogChunk",
    "Draw",
    "DrawRank",
    "Event",
    "EventDescription",
    "GuestCorrection",
    "IdempotentAnswer",
    "Mail",
    "MailNotice",
    "MailOptOut",
    "MessageBatch",
    "Organizer",
    "OrganizerToken",
    "Registration",
    "ResendRequest",
    "SizeChange",
    "TicketTrace",
    "TicketType",
    "Webhook",
    "WebhookDelivery",
    "WebhookEndpoint",
]
