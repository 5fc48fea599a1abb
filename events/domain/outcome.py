"""What the ledger decided about a ticket, as it travels from the ledger through Redis to the door."""

from __future__ import annotations

from dataclasses import dataclass

from events.domain.states import ACTIVE, Reason, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One decision. Times in milliseconds since 1970, UTC; `revision` grows with every change of the status."""

    key: str
    status: Status
    reason: Reason | None
    sequence: int
    requested_ms: int
    decided_ms: int
    revision: int
    email_key: str
    body_digest: str = ""

    @property
    def holds_email(self) -> bool:
        """Whether a second registration under this e-mail is a duplicate."""
        return self.status in ACTIVE
