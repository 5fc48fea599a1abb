"""An event's decision log in memory, written by the service's code and read by the stand-alone verifier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from events.domain.allocation import Allocation
from events.domain.commands import Command
from events.domain.decision_log import entries
from events.domain.decision_log.merkle import Tree
from events.ledger.decision_log.append import OpenLog, prelude
from events.ledger.decision_log.entry_maker import EntryMaker
from tests.support.allocation import Books
from verify.omnify_verify import Replay

EVENT = 7


def unframe(framed: bytes) -> Iterator[bytes]:
    """The entries of a batch."""
    at = 0
    while at < len(framed):
        length = int.from_bytes(framed[at : at + 2])
        yield framed[at + 2 : at + 2 + length]
        at += 2 + length


@dataclass
class LoggedBooks:
    """A ledger in memory with its log."""

    books: Books
    log: OpenLog = field(
        default_factory=lambda: OpenLog(
            origin="example.org", key=b"", maker=EntryMaker(EVENT, bytes(32)), tree=Tree(), terms=b""
        )
    )
    written: list[bytes] = field(default_factory=list)

    def batch(self, commands: list[Command]) -> Allocation:
        before = self.books.seats
        self.books.now_ms += 1
        done = self.books.batch(commands)
        batch = self.log.maker.batch(done, (), now_ms=self.books.now_ms)
        if batch.leaves:
            batch = batch.behind(prelude(self.log, before, self.books.now_ms))
            tree, _ = self.log.tree.append(batch.leaves)
            self.log = replace(self.log, tree=tree, terms=entries.terms(self.books.seats))
            self.written += unframe(batch.framed)
        return done

    def replay(self) -> Replay:
        """Checks the log. Raises Broken."""
        replay = Replay(EVENT)
        for entry in self.written:
            replay.apply(entry)
        replay.settle()
        return replay
