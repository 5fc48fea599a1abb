"""The operators' pages at /admin/."""

from events.admin import tables, webhooks

__all__ = ["tables", "webhooks"]
