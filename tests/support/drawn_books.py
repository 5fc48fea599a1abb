"""A draw in memory: held by the service's code, and written into a log that the stand-alone verifier reads."""

from __future__ import annotations

from dataclasses import dataclass, replace

from events.domain.beacon import QUICKNET, randomness
from events.domain.commands import Drawing
from events.domain.decision_log import entries
from events.domain.decision_log.entries import commitment
from events.domain.draw import commitment_to, rank_of, seed_of
from events.domain.states import Status
from events.ledger.decision_log.append import prelude
from events.ledger.decision_log.entry_maker import LogBatch
from events.secrets import tickets
from tests.support.decision_log import EVENT, LoggedBooks, unframe

SECRET = bytes(range(32))


@dataclass
class DrawnBooks(LoggedBooks):
    """A ledger in memory with its log, of an event with a draw."""

    secret: bytes = SECRET
    signature: bytes = b""

    def announce(self, draw_ms: int, *, number: int = 0) -> None:
        """The entry that stands in front of all registrations."""
        self.write(
            entries.draw(
                now_ms=self.books.now_ms,
                draw_ms=draw_ms,
                commitment_to_secret=commitment_to(SECRET),
                chain=QUICKNET.name if number else bytes(32),
                round_=number,
            )
        )

    def write(self, *made: bytes) -> None:
        seats = self.books.seats
        batch = LogBatch.of(made).behind(prelude(self.log, seats, self.books.now_ms))
        tree, _ = self.log.tree.append(batch.leaves)
        self.log = replace(self.log, tree=tree, terms=entries.terms(seats))
        self.written += unframe(batch.framed)

    def draw(self, *, sequence: int, requested_ms: int, at_once: int) -> list[str]:
        """Holds the draw, so many at once. Returns the order."""
        command, root = Drawing("draw" + "0" * 16, sequence, requested_ms), self.log.tree.root
        self.books.seats = replace(self.books.seats, sealed=True)
        self.write(entries.seal(command, root, now_ms=self.books.now_ms))
        self.write(entries.reveal(command, self.secret, self.signature, now_ms=self.books.now_ms))
        order = self.order(seed_of(self.secret, randomness(self.signature) if self.signature else root))
        for drawn in range(0, len(order), at_once):
            self.books.now_ms += 1
            done = self.books.give(order[drawn : drawn + at_once], drawn=drawn, requested_ms=requested_ms)
            self.write(*unframe(self.log.maker.drawn(done.changes).framed))
        self.books.seats = replace(self.books.seats, draw_ms=None, sealed=False, drawn=True)
        return order

    def order(self, seed: bytes) -> list[str]:
        """Those who are in the draw, as a naive reader of the rules sorts them."""
        held = (ticket.outcome for ticket in self.books.tickets.values() if ticket.outcome.status is Status.ENTERED)
        return sorted((one.key for one in held), key=lambda key: rank_of(seed, commitment_of(key)))


def commitment_of(key: str) -> bytes:
    return commitment(tickets().ticket_id(event_id=EVENT, key=key, mark="").encode())
