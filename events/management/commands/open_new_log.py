"""`manage.py open_new_log EVENT`: after a restore of an older backup, lets a decision log go on under a new name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from events.domain.audit import Action, AuditObject
from events.domain.decision_log.notes import BadNote
from events.management.acting import ActingCommand
from events.services.decision_log import NothingToDo, open_new_log


class Command(ActingCommand):
    """States the break in an entry, which holds the last checkpoint that was published of the log."""

    help = (
        "Opens a new decision log of an event whose log does not begin with what was published of it. The new one "
        "begins with the entries that are there, then states the break, and is signed under another name."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Adds the event, and `--published`."""
        parser.add_argument("event", type=int, help="the event's id")
        parser.add_argument(
            "--published",
            type=Path,
            metavar="FILE",
            help="the last checkpoint that was published (default: what this host has signed last)",
        )

    def handle(self, *args: Any, event: int, published: Path | None, **options: Any) -> None:
        """Prints the new name."""
        try:
            origin = open_new_log(event, published=published.read_text("utf-8") if published else "")
        except (NothingToDo, BadNote, OSError, UnicodeError) as problem:
            raise CommandError(str(problem)) from problem
        self.trail.record(Action.LOG_BROKEN_OFF, AuditObject("event", str(event)))
        self.stdout.write(origin)
