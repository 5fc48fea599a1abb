"""Checks that the database's log cannot hold personal data: statements, and the values in them."""

from __future__ import annotations

from collections.abc import Mapping

from events.ledger.database import database

# Settings by name, and the values under which they log nothing of a statement's text. An unknown one (an older server,
# an extension that is not loaded) is None and logs nothing either.
_QUIET: Mapping[str, tuple[str, ...]] = {
    "log_statement": ("none", "ddl"),
    "log_min_error_statement": ("panic", "fatal"),
    "log_error_verbosity": ("terse",),
    "log_min_duration_statement": ("-1",),
    "log_min_duration_sample": ("-1",),
    "log_transaction_sample_rate": ("0",),
    "log_parameter_max_length_on_error": ("0",),
    "auto_explain.log_min_duration": ("-1",),
}


def logging_problems() -> list[str]:
    """Finds the settings that let statements into the log, one sentence each; none on SQLite, which has no log.

    Raises:
        django.db.DatabaseError: the database is out of reach.
    """
    found = database().read_settings(_QUIET)
    return [
        f"{name} is {value!r}, not {_QUIET[name][0]!r}"
        for name, value in found.items()
        if value is not None and value not in _QUIET[name]
    ]
