"""The operators' pages at /admin/."""

from events.admin import audit, events, organizers, registrations, users, webhooks

__all__ = ["audit", "events", "organizers", "registrations", "users", "webhooks"]
