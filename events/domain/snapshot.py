"""The copy of an event that the ledger hands to admission, and the door works from."""

from __future__ import annotations

from dataclasses import dataclass

from events.domain.holds import PROOF_SECONDS, HoldTerms
from events.domain.states import Access, DrawState, Visibility
from events.domain.zones import UTC_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeSnapshot:
    """A copy of a ticket type's row; the counts are of seats."""

    id: int
    name: str
    capacity: int
    waitlist_capacity: int
    max_quantity: int
    price: str
    confirmed_count: int
    held_count: int
    waitlisted_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventSnapshot:
    """A copy of the event's row. Times in milliseconds since 1970, UTC; `decided_ms` is 0 before the first decision."""

    event_id: int
    version: int
    name: str
    location: str
    max_capacity: int
    waitlist_capacity: int
    confirmed_count: int
    waitlisted_count: int
    start_ms: int
    end_ms: int
    opens_ms: int
    closes_ms: int
    cancelled: bool
    last_sequence: int
    decided_ms: int = 0
    # Whose event it is; 0 in a copy of an earlier release, which did not know.
    organizer_id: int = 0
    # What the organizer changed: how often, and when last. 0 in a copy of an earlier release.
    revision: int = 0
    updated_ms: int = 0
    visibility: Visibility = Visibility.PUBLIC
    paused: bool = False
    cancel_until_ms: int = 0
    # Seats set aside for a while; seats of held and of waiting groups beyond the first of each ticket; seats of one
    # registration at most. With types, the sizes and counts above are the sums of theirs.
    held_count: int = 0
    held_companions: int = 0
    waitlisted_companions: int = 0
    max_quantity: int = 1
    hold: HoldTerms | None = None
    over: bool = False
    ticket_types: tuple[TypeSnapshot, ...] = ()
    # Whether a registration needs an access code; whether there are any.
    access: Access = Access.OPEN
    has_codes: bool = False
    # When the draw is, 0 without one, and how far it is; seats that entries ask for.
    draw_ms: int = 0
    draw_state: DrawState = DrawState.NONE
    entered_count: int = 0
    entered_companions: int = 0
    # Whether guests get mail about it.
    mail: bool = True
    # The venue's time zone, and which version of the event's description is there; 0: it has none.
    timezone: str = UTC_NAME
    description_version: int = 0
    # Whether a registration is kept only if its address is proved.
    verify_email: bool = False
    # When the event was made: with its id, what names it in calendars. 0: the release before has written this.
    created_ms: int = 0
    # The start before it was moved; 0: it was not.
    previous_start_ms: int = 0

    @property
    def proof_seconds(self) -> int:
        """For how long a registration waits for the proof of its address; 0: none is wanted."""
        return PROOF_SECONDS if self.verify_email else 0

    @property
    def looks_at_codes(self) -> bool:
        """Whether admission must have the event's access codes."""
        return self.has_codes or self.access is Access.CODE


@dataclass(frozen=True, slots=True)
class Description:
    """An event's description, Markdown, and which one it is: that of `EventSnapshot.description_version`."""

    event_id: int
    version: int
    text: str


# The version of the copy of an event that is deleted: newer than every row, so that no copy replaces it. Lua counts
# exactly up to this number.
DELETED_VERSION = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class EventProgress:
    """The version of an event's row in the ledger, and the time of its last decision."""

    event_id: int
    version: int
    decided_ms: int


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """The same of the door's copy in Redis; `version` is None if there is no copy."""

    version: int | None
    published_ms: int

    @property
    def is_deleted(self) -> bool:
        """Whether the event is deleted, or was about to be."""
        return self.version == DELETED_VERSION

    def misses(self, mark: EventProgress) -> bool:
        """Tells whether the ledger is ahead of the copy. False without a copy: the door loads it when asked."""
        if self.version is None or self.is_deleted:
            return False
        return self.version < mark.version or self.published_ms < mark.decided_ms

    def exceeds(self, mark: EventProgress) -> bool:
        """Tells whether the copy shows what the ledger does not hold: a promoted standby lacked the last commits.

        Copies are made from committed rows, so a copy that was read before the row is never ahead of it otherwise.
        """
        return not self.is_deleted and ((self.version or 0) > mark.version or self.published_ms > mark.decided_ms)


NOT_PUBLISHED = CopyProgress(None, 0)
