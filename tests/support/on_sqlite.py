"""Which integration tests run on SQLite as well."""

from __future__ import annotations

from pathlib import Path

import pytest

DATABASE_FIXTURES = {"db", "transactional_db"}
# Files that look at Valkey, at a document, at the form of requests or at their order. The database holds what they
# begin with; what asks it there has tests of its own (`test_claims.py`, `test_attempts.py` and `test_outbox.py` for
# the dispatcher).
SAME_ON_ANY_DATABASE = (
    *("test_answer_headers.py", "test_api_errors.py", "test_api_schema.py", "test_api_schema_page.py"),
    *("test_dispatcher.py", "test_dispatcher_fairness.py", "test_security_txt.py", "test_sign_in_limit.py"),
    *("test_door_address_limit.py", "test_door_caller.py", "test_stream.py"),
    *("test_gate.py", "test_gate_address_limit.py", "test_gate_idempotency.py", "test_gate_refusals.py"),
    *("test_link.py", "test_link_lost_connections.py", "test_news.py", "test_status_long_poll.py"),
    *("test_pages_form.py", "test_scopes_of_routes.py", "test_tls.py"),
)
# In each `make test` SQLite runs these alone: what is decided, drained, claimed, erased, searched and listed, of which
# each has statements of its own there. `make soak` runs all.
BRIEFLY_ON_SQLITE = (
    *("test_api_attendees_by_status.py", "test_api_attendees_narrowed.py", "test_api_health.py"),
    *("test_api_stats.py", "test_attempts.py", "test_claims.py", "test_codes_after_data_loss.py"),
    *("test_commit_drafts.py", "test_decision_log.py", "test_delete_event.py", "test_drain.py"),
    *("test_drain_cancel_until.py", "test_drain_codes.py", "test_drain_sequences.py", "test_erasure.py"),
    *("test_holds.py", "test_management_organizers.py", "test_orphans.py", "test_outbox.py", "test_retention.py"),
    *("test_search.py", "test_sweep.py", "test_unfounded.py"),
)
VALKEYS_FIXTURES = {"cluster", "pair", "pair_to_kill", "replicated_cluster", "trio"}


def touches_database(item: pytest.Item) -> bool:
    """pytest-django lets nothing else reach the database, so this cannot miss one. Left out are tests of several
    Valkeys, which take long, and files that are the same on any database."""
    if item.path.name in SAME_ON_ANY_DATABASE:
        return False
    fixtures: list[str] = getattr(item, "fixturenames", [])
    if not VALKEYS_FIXTURES.isdisjoint(fixtures):
        return False
    return item.get_closest_marker("django_db") is not None or not DATABASE_FIXTURES.isdisjoint(fixtures)


def is_brief(path: Path) -> bool:
    """Whether a file's tests run on SQLite in each `make test`; what is no test file is not left out."""
    return not path.name.startswith("test_") or path.name in BRIEFLY_ON_SQLITE
