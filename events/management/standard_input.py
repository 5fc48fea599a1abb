"""Reads from standard input what on the command line would stay in the shell's history."""

from __future__ import annotations

import sys

from django.core.management.base import CommandError

from events.domain.attendee import clean_email


def read_address() -> str:
    """Reads the e-mail address on the first line. Raises CommandError, which does not repeat it."""
    try:
        return clean_email(sys.stdin.readline().strip())
    except ValueError as problem:
        raise CommandError(f"Standard input: {problem}") from problem
