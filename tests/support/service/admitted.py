"""What an event's queue has ever been given, as Valkey's append-only file says: also what was decided long ago."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import NamedTuple

from events.domain.ticket_keys import KEY_CHARS
from tests.support.service.event import Event
from tests.support.service.parts import AOF

_ENTRY = (
    rb"XADD\r\n\$\d+\r\n%s\r\n\$\d+\r\n(\d+)-\d+\r\n\$1\r\nt\r\n\$\d+\r\n([\w-]+)\r\n"
    rb"\$1\r\nc\r\n\$\d+\r\n(\w+)\r\n(?:\$1\r\nr\r\n\$\d+\r\n(\d+)\r\n)?(?:\$1\r\np\r\n\$(\d+)\r\n)?"
)


class Admitted(NamedTuple):
    """An entry that is no registration: its place, the ticket key, the kind, when it was stamped (ms), its payload."""

    place: int
    key: str
    kind: str
    requested_ms: int
    payload: str

    def find(self, ticket_ids: Iterable[str]) -> str | None:
        """The one of these tickets that it is about."""
        return next((one for one in ticket_ids if one.partition("-")[2].startswith(self.key)), None)


def keep_admitted(event: Event) -> None:
    """From here on Valkey does not write its append-only file anew, which would forget what has been decided."""
    event.service.redis.config_set("auto-aof-rewrite-percentage", 0)


def admitted(event: Event) -> list[Admitted]:
    """All entries of the event's queue so far but registrations, in order."""
    pattern = re.compile(_ENTRY % re.escape(event.keys.queue.encode()))
    files = sorted((event.service.valkey.directory / AOF).glob("*.incr.aof"))
    entries = [entry for file in files for entry in _find(pattern, file.read_bytes())]
    assert sorted({entry.place for entry in entries}) == [entry.place for entry in entries], "a place came twice"
    return entries


def _find(pattern: re.Pattern[bytes], content: bytes) -> Iterator[Admitted]:
    for match in pattern.finditer(content):
        first, key, kind, ms, length = match.groups(b"0")
        payload = content[match.end() : match.end() + int(length)].decode()
        # Several expiries are one entry of the stream.
        others = wrap(payload, KEY_CHARS) if kind == b"expire" else []
        for place, one in enumerate([key.decode(), *others], int(first)):
            yield Admitted(place, one, kind.decode(), int(ms), payload)
