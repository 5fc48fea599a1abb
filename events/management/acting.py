"""Commands that change something: each records it in the audit trail, with its operator as the actor."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from events.services.audit import Trail, trail_of_operator


class ActingCommand(BaseCommand):
    """Gives a command `self.trail`, and complains if it succeeded and recorded nothing there."""

    requires_system_checks = []
    trail: Trail

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Runs the command with a trail of its own."""
        self.trail = trail_of_operator()
        printed = super().execute(*args, **options)
        self.trail.expect_something(type(self).__module__)
        return printed
