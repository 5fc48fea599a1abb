"""The operators' pages at /admin/."""

from events.admin import audit_entries, events, organizers, registrations, users, webhooks

__all__ = ["audit_entries", "events", "organizers", "registrations", "users", "webhooks"]
