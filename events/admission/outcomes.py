"""How an outcome is written in Redis: `revision|status|reason|sequence|requested ms|decided ms|`.

Nothing stands behind the last bar. Earlier releases put a digest there, and their doors, which may still be at work
beside a newer worker, read seven fields. Text, because an operator reads it with `HGET` in the middle of the night;
about 60 bytes.
"""

from __future__ import annotations

from events.domain.outcome import Outcome
from events.domain.states import Reason, Status


def encode_outcome(outcome: Outcome) -> str:
    """The stored form. The e-mail is not part of it."""
    return (
        f"{outcome.revision}|{outcome.status.value}|{outcome.reason.value if outcome.reason else ''}|"
        f"{outcome.sequence}|{outcome.requested_ms}|{outcome.decided_ms}|"
    )


def decode_outcome(key: str, text: str) -> Outcome:
    """The outcome of ticket `key`. Raises ValueError for a text that `encode_outcome` did not make."""
    revision, status, reason, sequence, requested, decided, _ = text.split("|")
    return Outcome(
        key=key,
        status=Status(status),
        reason=Reason(reason) if reason else None,
        sequence=int(sequence),
        requested_ms=int(requested),
        decided_ms=int(decided),
        revision=int(revision),
    )
