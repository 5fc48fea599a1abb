"""How a run ends: all has healed, and what was promised comes to its end before it is checked.

What ends by itself meanwhile is started again, as during the faults. How long it all takes is the machine's affair: a
run fails when nothing has come nearer to its end for some minutes.
"""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg2
import redis

from chaos.crowd import Plan
from chaos.hosts import Hosts
from chaos.layout import CROWD
from chaos.outcome import hurry_webhooks
from omnify.embedded.programs import ROOT

# Three times as long as what a dispatcher that was cut off has claimed stays claimed.
WEBHOOK_SECONDS = 150.0
QUEUE_SECONDS = 150.0
PAUSE_SECONDS = 0.5
END_SECONDS = 120.0


@contextlib.contextmanager
def running_crowd(hosts: Hosts, plan: Plan, home: Path) -> Iterator[subprocess.Popen[str]]:
    """Starts the crowd on its host, and ends it."""
    (home / "plan.json").write_bytes(msgspec.json.encode(plan))
    command = [sys.executable, "-m", "chaos.crowd", str(home / "plan.json"), str(home / "history.jsonl")]
    with hosts.network.on(CROWD):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        crowd: subprocess.Popen[str] = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **pipes)  # type: ignore[call-overload]
    try:
        yield crowd
        crowd.communicate("end\n", timeout=END_SECONDS)
        if crowd.returncode:
            raise RuntimeError(f"the crowd ended with exit code {crowd.returncode}")
    finally:
        crowd.kill()
        crowd.wait()


def settle(crowd: subprocess.Popen[str], hosts: Hosts, plan: Plan, keep: Callable[[], None]) -> None:
    """Returns when every ticket is decided and was looked at since, and every webhook is delivered.

    Args:
        keep: starts what has ended; called all the time.

    Raises:
        TimeoutError: nothing came nearer to that for too long.
    """
    _ask(crowd, "healed", "settled", keep)
    # A ticket that is decided may have a cancellation in the queue: what it says last is asked for behind that.
    events = [event.id for event in plan.events]
    _wait_for_none(lambda: hosts.queued(events), QUEUE_SECONDS, "every queue is empty", keep)
    # And behind the sweep that finds out what a server of the queue has lost when it died.
    _wait_for_none(lambda: hosts.unpublished(events), QUEUE_SECONDS, "what is decided is published", keep)
    _ask(crowd, "emptied", "looked", keep)
    url = hosts.database_url()
    _wait_for_none(lambda: hurry_webhooks(url), WEBHOOK_SECONDS, "every webhook is delivered", keep)


def _ask(crowd: subprocess.Popen[str], word: str, answer: str, keep: Callable[[], None]) -> None:
    """Tells the crowd a word, and waits for its answer; it has a deadline of its own."""
    assert crowd.stdin is not None
    assert crowd.stdout is not None
    crowd.stdin.write(word + "\n")
    crowd.stdin.flush()
    while not select.select([crowd.stdout], [], [], PAUSE_SECONDS)[0]:
        keep()
    if (line := crowd.stdout.readline().strip()) != answer:
        raise RuntimeError(f"the crowd said {line!r} and not {answer!r}")


def _wait_for_none(count: Callable[[], int], seconds: float, what: str, keep: Callable[[], None]) -> None:
    """Waits until nothing is left. Raises TimeoutError if there was not less of it for `seconds`."""
    least, deadline = sys.maxsize, time.monotonic() + seconds
    while least:
        with contextlib.suppress(redis.RedisError, psycopg2.OperationalError):
            if (left := count()) < least:
                least, deadline = left, time.monotonic() + seconds
        if least and time.monotonic() > deadline:
            raise TimeoutError(f"no progress for {seconds:g} s until {what}: {least} left")
        keep()
        time.sleep(PAUSE_SECONDS if least else 0)
