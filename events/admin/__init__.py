"""The operators' pages at /admin/."""

from events.admin import audit, tables, users, webhooks

__all__ = ["audit", "tables", "users", "webhooks"]
