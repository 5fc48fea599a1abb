"""What commands read from standard input: on the command line it would stay in the shell's history."""

from __future__ import annotations

import sys

from django.core.management.base import CommandError

from events.domain.attendee import clean_email


def read_address() -> str:
    """The e-mail address on the first line. Raises CommandError, without repeating it, for something else."""
    try:
        return clean_email(sys.stdin.readline().strip())
    except ValueError as problem:
        raise CommandError(f"Standard input: {problem}") from problem
