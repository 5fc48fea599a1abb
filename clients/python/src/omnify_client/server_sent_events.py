"""Reads a stream of server-sent events (WHATWG HTML, 9.2), from bytes in any pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class StreamEvent(NamedTuple):
    """One event: `id` as the stream has it, `data` with its lines joined."""

    id: str
    data: str


class EventStream:
    """A parser. `retry_seconds` is what the stream says of when to come back; None until it does."""

    def __init__(self) -> None:
        self.retry_seconds: float | None = None
        self._rest = b""
        self._id = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[StreamEvent]:
        """Returns the events that are complete with this piece."""
        # A CR at the end may be the first half of a CRLF: it stays until there is more.
        text = self._rest + piece
        held = text.endswith(b"\r")
        lines = (text[:-1] if held else text).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self._rest = lines.pop() + (b"\r" if held else b"")
        for line in lines:
            event = self._take(line.decode("utf-8", "replace"))
            if event is not None:
                yield event

    def _take(self, line: str) -> StreamEvent | None:
        if not line:
            data, self._data = self._data, []
            return StreamEvent(self._id, "\n".join(data)) if data else None
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self._id = value
        elif name == "retry" and value.isascii() and value.isdecimal():
            self.retry_seconds = int(value) / 1000
        return None
