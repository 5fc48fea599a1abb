"""What the ledger has committed of an event, on its way into Redis: cut into parts, each of which is one script call.

`lua/publish.lua` says what a call does, and `Queue.publish` what its caller may rely on.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import NamedTuple

import redis

from events.admission import keys as k
from events.admission import publish_call
from events.admission.calls import Codes
from events.admission.codes import published_codes
from events.admission.entry import Entry
from events.admission.history import sum_up
from events.admission.news_command import publish_command
from events.admission.publish_call import Freed
from events.admission.snapshots import copied_fields
from events.domain.codes import AccessCode
from events.domain.outcome import Outcome
from events.domain.snapshot import EventSnapshot
from events.domain.waiting import ASSUMED_PER_SECOND

# Bounds the time for which one script call blocks Redis.
PUBLISH_AT_ONCE = 2000
# A change of a decided ticket, such as the end of its hold, takes several times as long as a first decision.
CHANGES_AT_ONCE = 500


class Published(NamedTuple):
    """How many outcomes were new to Redis, and how many entries are left in the queue."""

    written: int
    left: int


class Part(NamedTuple):
    """What one call publishes. The last one of a publication has no name; it alone removes entries, and says at which
    rate (decisions per second) they were decided."""

    outcomes: Sequence[Outcome]
    codes: Codes
    name: str = ""
    entries: Sequence[Entry] = ()
    rate: float = 0.0


def parts_of(outcomes: Sequence[Outcome], codes: Sequence[AccessCode]) -> list[Part]:
    """Cuts what is published into parts, at least one."""
    changes = bool(outcomes) and outcomes[0].revision > 1
    at_once = min(PUBLISH_AT_ONCE, CHANGES_AT_ONCE) if changes else PUBLISH_AT_ONCE
    slices = [slice(start, start + at_once) for start in range(0, max(len(outcomes), len(codes), 1), at_once)]
    return [Part(outcomes[part], published_codes(codes[part])) for part in slices]


class Publication(NamedTuple):
    """What all parts of one publication have in common. Its methods raise redis.exceptions.RedisError."""

    client: redis.Redis
    event: EventSnapshot
    outcomes: Sequence[Outcome]
    since_ms: int
    counted: bool
    freed: Freed

    def send_named(self, parts: Sequence[Part], earlier: str) -> tuple[str, int]:
        """Publishes parts, behind that with the name `earlier`, after which more follows. Returns the name of the last
        one, and how many outcomes were new to Redis."""
        written = 0
        for part in parts:
            # Another server may take over between two parts, without the first. A name tells that it is there.
            name = secrets.token_hex(4)
            written += self.send(part._replace(name=name), behind=earlier).written
            earlier = name
        return earlier, written

    def send(self, part: Part, *, behind: str) -> Published:
        """Publishes a part, behind that with the name `behind`, in one call."""
        event, keys = self.event, k.event_keys(self.event.event_id)
        outcomes, removed = publish_call.published(part.outcomes, self.freed), publish_call.decided(part.entries)
        call = publish_call.publish(
            keys,
            seated=outcomes.seated,
            outcomes=outcomes.others,
            version=event.version,
            last_sequence=event.last_sequence,
            state_ttl=k.STATE_TTL_SECONDS,
            outcome_ttl=k.OUTCOME_TTL_SECONDS,
            rates_ttl=k.RATES_TTL_SECONDS,
            waitlist_ttl=k.WAITLIST_TTL_SECONDS,
            measured_rate=part.rate,
            assumed_rate=ASSUMED_PER_SECOND,
            counted=int(self.counted),
            decided_ms=0 if part.name else event.decided_ms,
            published_before=self.since_ms,
            earlier_part=behind,
            this_part=part.name,
            channel=keys.news,
            publish_command=publish_command(self.client),
            registrations=removed.registrations,
            entries=removed.others,
            codes=part.codes,
            happened=None if part.name or not self.counted else sum_up(event, self.outcomes),
            history_ttl=k.HISTORY_TTL_SECONDS,
            row=copied_fields(event),
        )
        return Published(*map(int, call.run(self.client)))
