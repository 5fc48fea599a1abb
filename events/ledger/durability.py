"""Whether the database keeps what clients have been told, also when its standby takes over.

A commit that waits for no standby can be missing on the one that is promoted: see docs/crash-safety.md.
"""

from __future__ import annotations

from events.ledger.database import database

_NAMES = ("synchronous_commit", "synchronous_standby_names", "statement_timeout")
# With these a commit is reported once a synchronous standby has it on disk.
_WAITS = ("on", "remote_apply")


def durability_problems(*, standby_expected: bool = False) -> list[str]:
    """Finds the settings under which a reported decision could be lost, one sentence each; none on SQLite.

    Args:
        standby_expected: the address of the database names more than one host.

    Raises:
        django.db.DatabaseError: the database is out of reach.
    """
    found = database().read_settings(_NAMES)
    if not found:
        return []
    problems = []
    if found["synchronous_commit"] not in _WAITS:
        problems.append(f"synchronous_commit is {found['synchronous_commit']!r}, not 'on'")
    if not found["synchronous_standby_names"] and (standby_expected or database().count_standbys()):
        problems.append("there is a standby, and synchronous_standby_names is empty: it may lack the last decisions")
    if found["statement_timeout"] == "0":
        problems.append("statement_timeout is 0: a statement may outlast the drain's lease")
    return problems
