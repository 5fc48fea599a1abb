"""What waiting for a replica costs: accepts with QUEUE_REPLICAS=1 against accepts that wait for none.

Both on a Valkey with a replica, which shares the machine's cores and its disk. Reported, and not judged: how long a
replica takes to answer is a matter of where it is.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bench.lines import Line, ratio
from bench.measures import Options, interleaved
from bench.measures.accepts import accept_run
from bench.programs import running
from bench.stack import Stack
from bench.waiting import wait_until
from omnify.common.redis_client import connect
from omnify.embedded.ports import LOOPBACK, free_port
from omnify.embedded.valkey import Valkey

CONNECTIONS = (32, 512)


def measure(stack: Stack, options: Options) -> list[Line]:
    """Two lines for each number of connections."""
    with _replica(stack), stack.door_processes(QUEUE_REPLICAS="1") as waiting, stack.door_processes() as door:
        lines: list[Line] = []
        for connections in CONNECTIONS:
            runs = {
                "waiting": lambda: accept_run(stack, waiting, connections, options),  # noqa: B023
                "not waiting": lambda: accept_run(stack, door, connections, options),  # noqa: B023
            }
            found = interleaved(options.fewer, runs)
            of = f"with QUEUE_REPLICAS=1 ÷ 0, {connections} connections"
            rates = {name: [one.rate for one in samples] for name, samples in found.items()}
            batches = {name: [one.batch for one in samples] for name, samples in found.items()}
            lines.append(ratio(f"accepts/s {of}", "waiting", "not waiting", rates))
            lines.append(ratio(f"registrations in a call to Valkey {of}", "waiting", "not waiting", batches))
        return lines


@contextlib.contextmanager
def _replica(stack: Stack) -> Iterator[None]:
    """A second Valkey that follows the run's."""
    primary = stack.redis.connection_pool.connection_kwargs
    valkey = Valkey(
        directory=stack.path / "replica", log=stack.path / "replica.log", port=free_port(), password=primary["password"]
    )
    with running(valkey.start()), connect(valkey.url()) as client:
        client.config_set("primaryauth", primary["password"])
        client.replicaof(LOOPBACK, primary["port"])
        up = "the replica follows"
        wait_until(lambda: client.info("replication")["master_link_status"] == "up", seconds=60, what=up)
        wait_until(lambda: not client.info("persistence")["aof_rewrite_in_progress"], seconds=60, what=up)
        yield
        client.replicaof("NO", "ONE")
