"""Proofs about draws, from their public logs and from what their guests were told. Pure; each yields contradictions.

docs/the-rules.md has the layout of the entries, and the rules.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import sqrt

from events.domain.beacon import randomness
from events.domain.decision_log.entries import Kind, commitment
from events.domain.decision_log.merkle import Tree, leaf_hash
from events.domain.draw import commitment_to, rank_of, seed_of
from events.domain.states import Status

# An honest service is accused once in a million rehearsals: the quantile of the normal distribution.
_ONE_IN_A_MILLION = 4.753
_ENTERED, _CONFIRMED = 13, 1
_TICKET, _REQUESTED = slice(30, 62), slice(14, 22)


@dataclass(frozen=True, slots=True)
class DrawSeen:
    """One draw: the entries of its log, its guests' tickets in order of admission, and what status each was told."""

    seats: int
    entries: Sequence[bytes]
    tickets: Sequence[str]
    statuses: dict[str, Status]

    def place(self, kind: Kind) -> int:
        """Finds the first entry of a kind; raises ValueError if there is none."""
        return [entry[0] for entry in self.entries].index(kind)

    def of(self, kind: Kind) -> list[bytes]:
        return [entry for entry in self.entries if entry[0] == kind]


def draws_are_what_their_logs_demand(draws: Sequence[DrawSeen]) -> Iterator[str]:
    """The secret is the one committed to before the first entry, the seal names the entries, and the order follows."""
    for number, seen in enumerate(draws, start=1):
        for problem in contradictions(seen):
            yield f"draw {number}: {problem}"


def contradictions(seen: DrawSeen) -> Iterator[str]:
    """Says what in a log with one draw is not as the rules demand."""
    try:
        sealed, first = seen.place(Kind.SEAL), seen.place(Kind.REGISTRATION)
        draw, seal, reveal = seen.of(Kind.DRAW)[-1], seen.entries[sealed], seen.of(Kind.REVEAL)[0]
    except (ValueError, IndexError):
        yield "it was not announced, sealed and revealed"
        return
    secret, signature, root = reveal[25:57], reveal[58:], seal[25:57]
    if seen.place(Kind.DRAW) > first:
        yield "it was announced after the first registration"
    if commitment_to(secret) != draw[17:49]:
        yield "another secret was revealed"
    tree, _ = Tree().append([leaf_hash(entry) for entry in seen.entries[:sealed]])
    if tree.root != root:
        yield "the entries are not those that were sealed"
    seed = seed_of(secret, randomness(signature) if signature else root)
    entered = [entry[_TICKET] for entry in seen.of(Kind.REGISTRATION) if entry[1] == _ENTERED]
    order = sorted(entered, key=lambda ticket: rank_of(seed, ticket))
    if [entry[10:42] for entry in seen.of(Kind.DRAWN)] != order:
        yield "the order is not that of the seed"
    if [entry[1] == _CONFIRMED for entry in seen.of(Kind.DRAWN)] != [turn < seen.seats for turn in range(len(order))]:
        yield "the seats did not go to the first in the order"


def guests_got_what_the_log_says(draws: Sequence[DrawSeen]) -> Iterator[str]:
    """Each guest is in the log, and was told what it says."""
    for number, seen in enumerate(draws, start=1):
        drawn = {entry[10:42]: entry[1] == _CONFIRMED for entry in seen.of(Kind.DRAWN)}
        for ticket in seen.tickets:
            told = drawn.get(commitment(ticket.encode()))
            if told is None or told != (seen.statuses.get(ticket) is Status.CONFIRMED):
                yield f"draw {number}: {ticket[:10]} was told something else"


def no_one_is_drawn_who_came_late(draws: Sequence[DrawSeen]) -> Iterator[str]:
    """No guest who was admitted at the draw's time or later is in it."""
    for number, seen in enumerate(draws, start=1):
        at = int.from_bytes(seen.of(Kind.DRAW)[-1][9:17]) if seen.of(Kind.DRAW) else 0
        late = [e for e in seen.of(Kind.REGISTRATION) if e[1] == _ENTERED and int.from_bytes(e[_REQUESTED]) >= at]
        if late:
            yield f"draw {number}: {len(late)} came late, and are in it"


def an_invented_entry_is_caught(draws: Sequence[DrawSeen]) -> Iterator[str]:
    """One more entry before the seal, or one less, contradicts the log: a friend who is added is found."""
    for number, seen in enumerate(draws, start=1):
        at = seen.place(Kind.SEAL) if seen.of(Kind.SEAL) else 0
        last = seen.entries[at - 1]
        friend = last[:30] + sha256(b"a friend").digest() + last[62:]
        added = replace(seen, entries=[*seen.entries[:at], friend, *seen.entries[at:]])
        removed = replace(seen, entries=[*seen.entries[: at - 1], *seen.entries[at:]])
        if not (any(contradictions(added)) and any(contradictions(removed))):
            yield f"draw {number}: an entry that was added or removed makes no difference"


def each_guest_has_the_same_chance(draws: Sequence[DrawSeen]) -> Iterator[str]:
    """When a guest registered does not change the chance of a seat: chi-square over all draws, by Pearson."""
    wins = Counter(place for seen in draws for place in _winners(seen))
    guests = min((len(seen.tickets) for seen in draws), default=0)
    seats = min((seen.seats for seen in draws), default=0)
    if not 0 < seats < guests:
        return
    found = chi_square([wins[place] for place in range(guests)], draws=len(draws), chance=seats / guests)
    limit = most_by_chance(guests - 1)
    if found > limit:
        yield f"chi-square {found:.1f} over {guests} guests in order, and {limit:.1f} is the most that chance explains"


def _winners(seen: DrawSeen) -> Iterator[int]:
    return (place for place, ticket in enumerate(seen.tickets) if seen.statuses.get(ticket) is Status.CONFIRMED)


def chi_square(wins: Sequence[int], *, draws: int, chance: float) -> float:
    """Returns how far these numbers of wins are from `draws * chance` each. In one draw the wins are not independent,
    since the seats are fixed, hence the factor."""
    expected, places = draws * chance, len(wins)
    spread = expected * (1 - chance)
    return sum((won - expected) ** 2 for won in wins) / spread * (places - 1) / places


def most_by_chance(degrees: int) -> float:
    """Returns what a chi-square variable exceeds once in a million times (Wilson and Hilferty, 1931)."""
    part = 2 / (9 * degrees)
    return float(degrees * (1 - part + _ONE_IN_A_MILLION * sqrt(part)) ** 3)


DRAW_PROOFS = (
    ("Each draw is what its log demands", draws_are_what_their_logs_demand),
    ("Each guest got what the log says", guests_got_what_the_log_says),
    ("No one is drawn who came late", no_one_is_drawn_who_came_late),
    ("An invented entry is caught", an_invented_entry_is_caught),
    ("Each guest has the same chance", each_guest_has_the_same_chance),
)
