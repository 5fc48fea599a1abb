"""Access codes in Redis: how the script that admits reads them. `lua/codes.lua` says how they are counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from events.admission import calls
from events.admission import keys as k
from events.admission.calls import Codes
from events.admission.scripts import Redis
from events.domain.codes import AccessCode

# Bounds the time for which one script call blocks Redis.
_AT_ONCE = 2000


def published_codes(codes: Iterable[AccessCode]) -> Codes:
    """Renders codes as the scripts take them."""
    return [(code.digest, _text(code)) for code in codes]


def _text(code: AccessCode) -> str:
    revoked = int(code.revoked)
    return f"{code.revision}|{code.id}|{code.uses}|{code.used}|{code.opens_ms}|{code.type_id}|{revoked}"


def load_codes(client: Redis, event_id: int, codes: Sequence[AccessCode]) -> None:
    """Puts all codes of an event, as they were just read. Raises redis.exceptions.RedisError."""
    starts = range(0, max(len(codes), 1), _AT_ONCE)
    for start in starts:
        call = calls.put_codes(
            k.event_keys(event_id),
            codes=published_codes(codes[start : start + _AT_ONCE]),
            complete=start == starts[-1],
            codes_ttl=k.STATE_TTL_SECONDS,
        )
        call.run(client)
