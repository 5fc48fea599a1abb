"""`manage.py rotate_log_key`: has LOG_SIGNING_KEY sign the decision logs that another key has signed until now."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError

from events.domain.audit import Action, AuditObject
from events.management.acting import ActingCommand
from events.models import DecisionLog
from events.services.decision_log import NothingToDo, NotSigned, hand_over


class Command(ActingCommand):
    """Writes an entry into each log that names both keys and that the older one has signed."""

    help = (
        "Hands every decision log over to LOG_SIGNING_KEY, in an entry that the key before it signs, which has to be "
        "in LOG_SIGNING_KEY_FALLBACKS. It can run beside the service, and can be repeated. Without it the older key "
        "goes on signing the logs that it began."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints how many were handed over. Exit code 1 if the key of one is in neither setting."""
        done, unknown = 0, 0
        for event_id in DecisionLog.objects.order_by("pk").values_list("pk", flat=True):
            try:
                done += hand_over(event_id)
            except NotSigned:
                unknown += 1
            except NothingToDo:
                # It was deleted meanwhile.
                continue
        self.trail.record(Action.LOG_HANDED_OVER, AuditObject("decision logs", str(done)))
        self.stderr.write(f"Handed over: {done}.")
        if unknown:
            raise CommandError(f"{unknown} were not: neither LOG_SIGNING_KEY nor a fallback is the key of these logs.")
