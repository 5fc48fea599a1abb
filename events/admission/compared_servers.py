"""Whether a server of the queue may show less of an event than clients have seen.

What a drain publishes can be read before a replica has it. A replica that is promoted then says again what was before,
until it has been published anew. Sweeps note the replication ids of servers that they have compared with the ledger;
one that takes over, or starts, has a new one. A door looks each connection's server up among them. While it is not
there, every event that is asked about over that connection is first compared with the ledger (`events.door.catch_up`).

One server at a plain address that was only started again is taken at its word: with `appendfsync always` it has all
that it ever said, so an outage of the database beside it hides no status. Where others may take its place behind the
address, promotion shows in what it says of itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, TypeVar

import msgspec
from redis.exceptions import ReadOnlyError, RedisError, ResponseError

from events.admission import keys as k
from events.admission.cancel_replies import CancelReply
from events.admission.cluster_link import ClusterLink
from events.admission.connection import Connection
from events.admission.hold_replies import ConfirmReply
from events.admission.link import Link
from events.admission.replies import AdmitReply
from events.admission.snapshots import copy_progress, read_progress
from events.admission.status_replies import StatusReply
from events.domain.snapshot import EventProgress

# How long a server may take to say who it is, and how often it is looked up until it is noted.
_SECONDS = 0.5
AGAIN_SECONDS = 0.5
# `second_repl_offset` of a server that has followed no other since it started.
_NEVER_PROMOTED = b"-1"

Reply = TypeVar("Reply", AdmitReply, CancelReply, ConfirmReply, StatusReply)
Caller = Any


class ComparedServers:
    """Looks up the servers of all connections of a process, which `caller` makes."""

    def __init__(self, caller: Caller) -> None:
        self._cluster = caller if isinstance(caller, ClusterLink) else None
        self._trusts_restarts = isinstance(caller, Link) and not caller.has_sentinels
        self._unsure: set[Connection] = set()
        self._looking: asyncio.Task[None] | None = None

    async def on_connected(self, connection: Connection) -> None:
        """Looks the server of a new connection up. Raises ReadOnlyError: it is a replica, and would lag."""
        connection.compared = set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SECONDS):
                await self._look(connection, set())
        if connection.compared is not None:
            self._unsure.add(connection)
            if self._looking is None:
                self._looking = asyncio.get_running_loop().create_task(self._look_again())

    def close(self) -> None:
        """Ends looking."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self, connection: Connection, noted: set[str]) -> None:
        commands = [("INFO", "replication"), *(("GET", name) for name in self._names())]
        asked = [connection.execute_command(*command) for command in commands]
        replication, *notes = await asyncio.gather(*asked, return_exceptions=True)
        if isinstance(replication, ResponseError) and str(replication).startswith("NOPERM"):
            # Nor can a sweep tell, then.
            connection.compared = None
        elif isinstance(replication, bytes):
            about = dict(line.split(b":", 1) for line in replication.splitlines() if b":" in line)
            connection.to_primary = about.get(b"role") == b"master"
            if not connection.to_primary and self._cluster is None:
                raise ReadOnlyError("this server is a replica")
            known = noted.union(*(note.decode().split() for note in notes if isinstance(note, bytes)))
            only_restarted = self._trusts_restarts and about.get(b"second_repl_offset") == _NEVER_PROMOTED
            if connection.to_primary and (only_restarted or about.get(b"master_replid", b"").decode() in known):
                connection.compared = None

    async def _look_again(self) -> None:
        try:
            while self._unsure:
                await asyncio.sleep(AGAIN_SECONDS)
                noted = await self._noted_elsewhere()
                for connection in list(self._unsure):
                    if not connection.is_lost:
                        with contextlib.suppress(TimeoutError, RedisError):
                            async with asyncio.timeout(_SECONDS):
                                await self._look(connection, noted)
                    if connection.is_lost or connection.compared is None:
                        self._unsure.discard(connection)
        finally:
            self._looking = None

    async def _noted_elsewhere(self) -> set[str]:
        """Reads what is noted on other nodes of a Cluster: a node may have no note itself."""
        noted: set[str] = set()
        if self._cluster is not None:
            for name in self._names():
                with contextlib.suppress(RedisError, OSError):
                    note = await self._cluster.execute_command("GET", name)
                    noted.update((note or b"").decode().split())
        return noted

    def _names(self) -> tuple[str, ...]:
        return (k.SERVERS,) if self._cluster is None else k.copies(k.SERVERS)


class Asked:
    """A caller for one call about events, which tells over what it went. It has the one method that scripts use."""

    def __init__(self, caller: Caller, *event_ids: int) -> None:
        self._caller = caller
        self._event_ids = event_ids
        self._connection: Connection | None = None
        # Events of which the server may have shown less than clients have seen.
        self._behind: frozenset[int] = frozenset()

    async def execute_command(self, *args: Any) -> Any:
        """Sends a command and returns its reply. Raises as the caller does."""
        if isinstance(self._caller, ClusterLink):
            return await self._caller.execute_by(self._send, args)
        return await self._send(self._caller, args)

    def mark(self, event_id: int, reply: Reply) -> Reply:
        """Returns the reply about an event, marked where it may be behind."""
        return msgspec.structs.replace(reply, may_be_behind=True) if event_id in self._behind else reply

    async def has_all(self, mark: EventProgress) -> bool:
        """Tells whether the server shows all that the ledger held of the event; from now on its replies are not marked
        then. Raises redis.exceptions.RedisError, OSError."""
        if copy_progress(await self.execute_command(*read_progress(mark.event_id))).misses(mark):
            return False
        connection = self._connection
        if connection is not None and connection.compared is not None and connection.to_primary:
            connection.compared.add(mark.event_id)
        return True

    async def _send(self, node: Any, args: tuple[Any, ...], *, asking: bool = False) -> Any:
        if not isinstance(node, Link):
            # An address that a link does not know, such as a Unix socket: no other server takes its place.
            return await ClusterLink.send(node, args, asking=asking)
        connection = self._connection = await node.open()
        # Before it is sent: the server may be noted while it answers.
        compared = connection.compared
        if compared is not None:
            self._behind = frozenset(self._event_ids) - compared
        if asking:
            connection.ask_for_import()
        return await connection.ask(args)
