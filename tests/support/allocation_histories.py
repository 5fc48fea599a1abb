"""Histories of an event, for tests of the allocation: commands in the order of admission, in batches."""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from events.domain import allocation
from events.domain.allocation import Seats
from events.domain.commands import Cancellation, Command, Confirmation, Correction, Expiry, Resize, TypeTerms
from events.domain.holds import IN_TERMS, AppliesTo
from events.domain.seats import Counters, total
from events.domain.states import Reason
from tests.support.allocation import digest_of, request

corrections = st.tuples(st.just("correct"), st.tuples(st.integers(1, 40), st.none() | st.integers(0, 14)))
commands = st.one_of(
    st.tuples(st.just("register"), st.integers(0, 12)),
    st.tuples(st.just("register"), st.integers(0, 12)),
    st.tuples(st.just("cancel"), st.integers(1, 40)),
    st.tuples(st.just("cancel as exempt"), st.integers(1, 40)),
    st.tuples(st.just("cancel by organizer"), st.integers(1, 40)),
    st.tuples(st.just("add"), st.integers(0, 12)),
    corrections,
    st.tuples(st.just("resize"), st.tuples(st.none() | st.integers(1, 12), st.none() | st.integers(0, 8))),
)


cases = st.fixed_dictionaries(
    {
        "capacity": st.integers(1, 8),
        "waitlist": st.integers(0, 6),
        "ends_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "cancel_until_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "batches": st.lists(st.lists(commands, max_size=12), max_size=6),
    }
)


# The same with groups and three ticket types, and a fourth that comes and goes.
TYPES = (7001, 7002, 7003, 7004)
sizes = st.tuples(st.integers(1, 9), st.integers(0, 12))
grouped_commands = st.one_of(
    *[st.tuples(st.just("register"), st.integers(0, 14), st.integers(1, 5), st.sampled_from(TYPES))] * 3,
    st.tuples(st.just("add"), st.integers(0, 14), st.integers(1, 5), st.sampled_from(TYPES)),
    st.tuples(st.just("cancel"), st.integers(1, 40)),
    corrections,
    st.tuples(st.just("retype"), st.fixed_dictionaries(dict.fromkeys(TYPES, st.none() | sizes))),
)
grouped_cases = st.fixed_dictionaries(
    {
        "sizes": st.fixed_dictionaries(dict.fromkeys(TYPES[:3], sizes)),
        "ends_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "batches": st.lists(st.lists(grouped_commands, max_size=12), max_size=6),
    }
)


def commands_of(case: dict[str, Any]) -> list[list[Command]]:
    numbers = count(1)
    typed_by: dict[int, int] = {}

    def command(kind: str, value: Any, quantity: int = 1, type_id: int = 0) -> Command:
        place = next(numbers)
        if kind == "register":
            typed_by[place] = value
            return request(place, f"guest{value}@example.com", quantity=quantity, type_id=type_id)
        if kind == "add":
            added = request(place, f"guest{value}@example.com", quantity=quantity, type_id=type_id)
            return replace(added, added=True, beyond_capacity=True)
        if kind in ("confirm", "expire"):
            return (Confirmation if kind == "confirm" else Expiry)(f"key{value:017}", place, place)
        if kind == "prove":
            return _proof(place, value, typed_by)
        if kind.startswith("cancel"):
            reason = Reason.BY_ORGANIZER if kind.endswith("organizer") else Reason.BY_HOLDER
            return Cancellation(f"key{value:017}", place, place, kind != "cancel", reason)
        if kind == "retype":
            wanted = {type_id: found for type_id, found in value.items() if found} or {TYPES[0]: (9, 9)}
            terms = tuple(TypeTerms(type_id, f"Type {type_id}", *found) for type_id, found in wanted.items())
            return Resize(f"order{place:015}", place, None, None, place, terms)
        if kind == "correct":
            ticket, guest = value
            email = None if guest is None else f"guest{guest}@example.com"
            digest = "" if email is None else digest_of(email)
            return Correction(f"order{place:015}", place, f"key{ticket:017}", "Guest", email, email, digest, place)
        seats, waitlist = value
        return Resize(f"order{place:015}", place, seats, waitlist, place)

    return [[command(*order) for order in batch] for batch in case["batches"]]


def _proof(place: int, about: tuple[int, int | None], typed_by: dict[int, int]) -> Confirmation:
    ticket, guest = about
    guest = typed_by.get(ticket, 0) if guest is None else guest
    return Confirmation(f"key{ticket:017}", place, place, address=digest_of(f"guest{guest}@example.com"))


def typed(found: dict[int, tuple[int, int]], ends_ms: int = allocation.NEVER) -> Seats:
    """The seats of an event with these ticket types."""
    lines = {
        type_id: Counters(capacity=capacity, confirmed=0, waitlist_capacity=waitlist)
        for type_id, (capacity, waitlist) in found.items()
    }
    return Seats(capacity=1, confirmed=0, types=lines, ends_ms=ends_ms).with_counters(total(lines))


# Holds of so few milliseconds that many run out among the commands, of which one is admitted in each.
held_commands = st.one_of(
    *[st.tuples(st.just("register"), st.integers(0, 14), st.integers(1, 4), st.sampled_from(TYPES[:2]))] * 3,
    st.tuples(st.just("add"), st.integers(0, 14), st.integers(1, 4), st.sampled_from(TYPES[:2])),
    *[st.tuples(st.sampled_from(("confirm", "expire", "expire", "cancel")), st.integers(1, 40))] * 4,
    corrections,
    st.tuples(st.just("retype"), st.fixed_dictionaries(dict.fromkeys(TYPES[:2], sizes))),
)
held_cases = st.fixed_dictionaries(
    {
        "sizes": st.fixed_dictionaries(dict.fromkeys(TYPES[:2], sizes)),
        "ends_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "applies_to": st.sampled_from(AppliesTo),
        "lasts_ms": st.integers(1, 12),
        "batches": st.lists(st.lists(held_commands, max_size=10), max_size=8),
    }
)


# The same where addresses are proved: with the token that was sent first (None), or with that of any address.
proved_commands = st.one_of(
    held_commands, *[st.tuples(st.just("prove"), st.tuples(st.integers(1, 40), st.none() | st.integers(0, 14)))] * 2
)
proved_cases = st.fixed_dictionaries(
    {
        "sizes": st.fixed_dictionaries(dict.fromkeys(TYPES[:2], sizes)),
        "ends_ms": st.integers(1, 40) | st.just(allocation.NEVER),
        "hold": st.sampled_from([None, *((by, to) for by in IN_TERMS for to in AppliesTo)]),
        "lasts_ms": st.integers(1, 12),
        "proof_ms": st.integers(1, 12),
        "batches": st.lists(st.lists(proved_commands, max_size=10), max_size=8),
    }
)
