"""`manage.py reseal`: seals the secrets of webhooks anew, under the current SECRET_KEY."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from events.domain.audit import Action, AuditObject
from events.ledger.webhooks.subscriptions import reseal_secrets
from events.management.acting import ActingCommand


class Command(ActingCommand):
    """Seals secrets anew after a change of SECRET_KEY, while the one before is still in SECRET_KEY_FALLBACKS."""

    help = (
        "Seals every webhook's secret under SECRET_KEY. Reads what the secrets in SECRET_KEY_FALLBACKS have sealed. It "
        "can run beside the service, and can be repeated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many were sealed anew. Exit code 1 if one cannot be read."""
        done = reseal_secrets()
        self.trail.record(Action.SECRETS_RESEALED, AuditObject("webhook secrets", str(done.resealed)))
        self.stderr.write(f"Sealed anew: {done.resealed}; under the current secret already: {done.current}.")
        if done.unreadable:
            problem = f"{done.unreadable} cannot be read: no secret in SECRET_KEY_FALLBACKS opens them."
            raise CommandError(f"{problem} Rotate these webhooks' secrets.")
