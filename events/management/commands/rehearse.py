"""`manage.py rehearse`: sends a crowd to the running service, and proves from outside that it kept its promises."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from rehearsal.main import run
from rehearsal.options import add_arguments


class Command(BaseCommand):
    help = "Sends a crowd to the running service over HTTP and proves the result of every registration."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_arguments(parser)

    def handle(self, *_: Any, **options: Any) -> None:
        code = run(options, out=sys.stdout, err=sys.stderr)
        if code:
            sys.exit(code)
