"""`manage.py witness_logs`: has the witnesses in LOG_WITNESSES cosign the checkpoints of decision logs."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.models import DecisionLog
from events.services.decision_log import HistoryBroken, NotSigned
from events.services.log_witnesses import have_witnessed


class Command(BaseCommand):
    """Asks once, or again and again."""

    requires_system_checks = []
    help = (
        "Has the witnesses in LOG_WITNESSES cosign the checkpoint of every decision log, or of one event. Their "
        "signatures are served below the checkpoint until the log grows: run it often, or with --every."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds the event and `--every`."""
        parser.add_argument("event", type=int, nargs="?", help="the event's id (default: all that have a log)")
        parser.add_argument("--every", type=float, metavar="SECONDS", help="ask again and again, until it is stopped")

    def handle(self, *args: Any, event: int | None, every: float | None, **options: Any) -> None:
        """Prints how many cosigned. Exit code 1 if a witness did not."""
        if not settings.ENV.log_witnesses:
            raise CommandError("LOG_WITNESSES is not set.")
        missing = self._ask(event)
        while every:
            time.sleep(every)
            missing = self._ask(event)
        if missing:
            raise CommandError(f"{missing} cosignatures are missing: the service's log says why.")

    def _ask(self, event: int | None) -> int:
        logs = DecisionLog.objects.filter(**({"pk": event} if event else {})).order_by("pk")
        missing = 0
        for event_id in logs.values_list("pk", flat=True):
            try:
                cosigned, asked = have_witnessed(event_id)
            except (NotSigned, HistoryBroken):
                self.stderr.write(f"{event_id}: this log is not signed")
                continue
            missing += asked - cosigned
            self.stderr.write(f"{event_id}: {cosigned} of {asked}")
        return missing
