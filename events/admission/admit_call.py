"""The call that takes registrations in, under the limits of an installation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from events.admission import calls
from events.admission import keys as k
from events.admission.calls import Call
from events.admission.requests import AdmissionRequest
from events.domain.rate_limit import RateLimit


def admit_call(
    batches: Mapping[int, Sequence[AdmissionRequest]],
    *,
    queue_limit: int,
    deadline: int,
    addresses: RateLimit | None,
    refusals: RateLimit | None,
) -> Call:
    """Returns the call for these registrations, by event. `deadline` in milliseconds by Redis's clock; 0: none.

    `addresses` and `refusals` limit what one address does; None: no limit.
    """
    return calls.admit(
        [k.event_keys(event_id) for event_id in batches],
        queue_limit=queue_limit,
        state_ttl=k.STATE_TTL_SECONDS,
        wake_ttl=k.WAKE_TTL_MS,
        rates_ttl=k.RATES_TTL_SECONDS,
        keys_ttl=k.KEYS_TTL_SECONDS,
        deadline=deadline,
        address_quota=addresses.count if addresses else 0,
        address_window=addresses.window_seconds if addresses else 1,
        addresses_max=k.ADDRESSES_MAX,
        refusal_quota=refusals.count if refusals else 0,
        refusal_window=refusals.window_seconds if refusals else 1,
        batches=list(batches.values()),
    )
