"""`manage.py prove_ledger`: whether the ledger agrees with itself, after a restore before the doors open, say."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from events.management.ledger_drill.proofs import prove_ledger
from events.management.ledger_drill.report import print_findings


class Command(BaseCommand):
    """Reads the database and nothing else, and changes nothing. Exit code 1 if anything is not as it must be."""

    requires_system_checks = []
    help = (
        "Proves that counters are what tickets add up to, that no capacity is exceeded, that each ticket is decided "
        "once, and that each decision log is its tree's and follows the rules."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints a line for each proof."""
        if not print_findings(prove_ledger(), self.stdout.write):
            raise CommandError("The ledger is not as it must be.", returncode=1)
