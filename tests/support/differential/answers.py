"""Splits what a connection sends into answers, without a client library: nothing is mended or left out on the way."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its head as it came, and its body."""

    head: bytes
    body: bytes = b""

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    def field(self, name: bytes) -> bytes:
        """The value of a header field (name in lower case), empty without it."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.lower() == name:
                return value.strip()
        return b""


@dataclass
class Answers:
    """The answers so far, and the bytes behind them that are not yet one. `final` counts without interim ones."""

    found: list[Answer] = field(default_factory=list)
    final: int = 0
    rest: bytes = b""
    _heads: set[int] = field(default_factory=set)

    def expect_head(self) -> None:
        """The next answer is one to HEAD."""
        self._heads.add(self.final)

    def feed(self, data: bytes) -> None:
        """Takes in what has come."""
        self.rest += data
        place = 0
        while end := self._take(place):
            place = end
        self.rest = self.rest[place:]

    def end(self) -> None:
        """The connection has ended: what is left is an answer that was cut off, or one without a length."""
        if self.rest:
            head, _, body = self.rest.partition(b"\r\n\r\n")
            self.found.append(Answer(head, body))
            self.rest = b""

    def last_says_close(self) -> bool:
        """Whether the last answer says that the connection ends with it."""
        return bool(self.found) and self.found[-1].field(b"connection").lower() == b"close"

    def _take(self, start: int) -> int:
        """Takes the answer that starts there, if it is whole; where it ends, or 0."""
        end_of_head = self.rest.find(b"\r\n\r\n", start)
        if end_of_head < 0:
            return 0
        head, body = Answer(self.rest[start:end_of_head]), end_of_head + 4
        end = self._end_of_body(head, body)
        if end < 0 or end > len(self.rest):
            return 0
        self.found.append(Answer(head.head, self.rest[body:end]))
        self.final += head.status >= 200
        return end

    def _end_of_body(self, head: Answer, start: int) -> int:
        """Where the body ends, or -1 if that cannot be told yet."""
        if head.status < 200 or head.status in (204, 304) or self.final in self._heads:
            return start
        if head.field(b"transfer-encoding"):
            last_chunk = self.rest.find(b"0\r\n\r\n", start)
            return last_chunk + 5 if last_chunk >= 0 else -1
        length = head.field(b"content-length")
        return start + int(length) if length else -1
