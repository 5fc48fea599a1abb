"""`manage.py verify_log`: checks an event's decision log from outside, as anyone can with `verify/omnify_verify.py`."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from verify import omnify_verify


class Command(BaseCommand):
    """Runs the stand-alone verifier, which knows nothing of this installation but its address."""

    help = omnify_verify.__doc__ or ""
    requires_system_checks = []

    def run_from_argv(self, argv: list[str]) -> None:
        """Hands the arguments on as they are."""
        sys.exit(omnify_verify.main(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        """Does nothing: `run_from_argv` is all."""
