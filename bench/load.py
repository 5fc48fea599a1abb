"""The client's side of a run: what it sends, how it is started, what it says.

Throughput comes from connections that ask again as soon as they are answered; latency from a timetable, counted from
the moment each request was due. Both are `bench/client`, compiled at the first use, so that both sides of every ratio
are under the same load generator.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

SOURCE = Path(__file__).parent / "client" / "client.c"
PYTHON_CLIENT = (sys.executable, "-m", "bench.client.plain")
ROOT = Path(__file__).resolve().parent.parent
# Becomes a number that no other request of the run has.
NUMBER = "#######"
# Becomes a text that no other run has.
SEED = "%seed%"
PATIENCE_SECONDS = 20.0
# Until the connections and their processes are warm. A run lasts so much longer than the seconds that count.
WARM_UP_SECONDS = 0.5
_seeds = itertools.count(1)


class ClientFailedError(Exception):
    """The load generator says that the run is not worth counting."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run saw: `requests` answered in all, of which `refused` with 400 and above; those below 400 that are
    `counted` in the `seconds` after the warm-up; waits in milliseconds; the client's own processor time in seconds."""

    requests: int
    refused: int
    broken: int
    counted: int
    seconds: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    processor_seconds: float

    @property
    def accepted(self) -> int:
        """Answers below 400, in the warm-up too."""
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        """Accepted answers per second, after the warm-up."""
        return self.counted / self.seconds

    @property
    def client_us(self) -> float:
        """Processor time that a request costs the load generator, in microseconds."""
        return self.processor_seconds / self.requests * 1e6


class Wait(NamedTuple):
    """One request: its status (0: no answer), and when it was due and answered (s, `time.monotonic()`)."""

    status: int
    due: float
    answered: float


@cache
def client() -> tuple[str, ...]:
    """The command of the load generator: the one in C if this machine compiles it, the one in Python otherwise."""
    compiler = shutil.which(os.environ.get("CC") or "cc")
    if compiler is None or sys.platform != "linux":
        return PYTHON_CLIENT
    folder = Path(tempfile.mkdtemp(prefix="omnify-bench-client-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = folder / "client"
    done = subprocess.run([compiler, "-O2", "-o", program, SOURCE], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"bench: the client does not compile, so Python's is used: {done.stderr.strip()}", file=sys.stderr)
        return PYTHON_CLIENT
    return (str(program),)


def language() -> str:
    """What the load generator is written in, for the report."""
    return "Python" if client() is PYTHON_CLIENT else "C"


def fresh_seed() -> str:
    """Goes into every e-mail address, so that no run meets the people of another one."""
    return f"{os.getpid():x}r{next(_seeds)}"


def registration(url: str, *, headers: str = "", seed: str = "") -> bytes:
    """A request that registers a person who exists once, with `headers` (lines that end in CRLF) of its own."""
    body = f'{{"name":"Guest {NUMBER}","email":"guest{NUMBER}x{seed or fresh_seed()}@example.com"}}'
    parts = urlsplit(url)
    head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n{headers}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def post(
    url: str | Sequence[str],
    *,
    connections: int,
    seconds: float,
    warm_up: float = WARM_UP_SECONDS,
    addresses: int = 0,
    headers: str = "",
) -> Load:
    """Registers people who exist once, as fast as the other side answers, for `warm_up` and then `seconds`.

    Args:
        url: one, or several on one server, which are asked in turn.
        addresses: how many client addresses they come from, each named in X-Forwarded-For in turn; 0: none is named.
        headers: lines that end in CRLF; `load.NUMBER` in one becomes a number of that request's own, `load.SEED` a text
            of this run's.
    """
    seed = fresh_seed()
    headers = headers.replace(SEED, seed)
    named = [f"X-Forwarded-For: 10.{n >> 16}.{n >> 8 & 255}.{n & 255}\r\n" for n in range(addresses)] or [""]
    urls = [url] if isinstance(url, str) else url
    requests = [registration(to, headers=headers + one, seed=seed) for one in named for to in urls]
    return _run(urls[0], requests, connections=connections, seconds=seconds, warm_up=warm_up)


def get(
    url: str, paths: Path, *, connections: int, seconds: float, warm_up: float = WARM_UP_SECONDS, headers: str = ""
) -> Load:
    """Gets the paths of a file in turn, as fast as the other side answers, for `warm_up` and then `seconds`."""
    tail = f"HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n{headers}\r\n"
    requests = [f"GET {path} {tail}".encode() for path in paths.read_text("utf-8").split()]
    return _run(url, requests, connections=connections, seconds=seconds, warm_up=warm_up)


def paced(url: str, *, rate: float, connections: int, seconds: float, warm_up: float = WARM_UP_SECONDS) -> Load:
    """Registers people at `rate` per second; what is due in the `warm_up` seconds before does not count in the waits.

    A request without an answer is no failure here: it has waited, and its wait counts.
    """
    return _ask(url, [registration(url)], _Plan(connections, warm_up + seconds, rate, warm_up))


def touch(url: str) -> None:
    """Asks a fresh server for something over a few connections, so that all of its processes have begun their work.

    Returns when all answers are here, whatever they are: a process that is still starting answers late.
    """
    request = f"GET /health/live HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\n\r\n".encode()
    _ask(url, [request], _Plan(connections=16, seconds=0.2))


def all_at_once(url: str, *, people: int, connections: int, patience: float) -> list[Wait]:
    """Registers `people`, who all press the button at the same moment, over so many connections.

    Each waits from that moment on, also for a connection. One without an answer after `patience` seconds has status 0.
    """
    with tempfile.NamedTemporaryFile() as file:
        plan = _Plan(connections, people / _AT_ONCE, rate=_AT_ONCE, patience=patience, waits=file.name)
        _ask(url, [registration(url)], plan)
        lines = [line.split() for line in Path(file.name).read_text("ascii").splitlines()]
    return [Wait(int(status), float(due), float(answered)) for status, due, answered in lines]


_AT_ONCE = 1e9  # requests a second: all of any crowd is due within a millisecond


class _Plan(NamedTuple):
    """The client's figures, in its order."""

    connections: int
    seconds: float
    rate: float = 0
    warm_up: float = 0
    patience: float = PATIENCE_SECONDS
    waits: str = ""

    def words(self) -> list[str]:
        """As the client takes them."""
        *figures, waits = self
        return [*map(str, figures), *([waits] if waits else [])]


def _run(url: str, requests: Sequence[bytes], *, connections: int, seconds: float, warm_up: float) -> Load:
    load = _ask(url, requests, _Plan(connections, warm_up + seconds, warm_up=warm_up))
    if load.requests == 0 or load.broken > load.requests / 1000:
        raise ClientFailedError(f"{url}: {load.broken} broken connections in {load.requests} requests")
    return load


def _ask(url: str, requests: Sequence[bytes], plan: _Plan) -> Load:
    parts = urlsplit(url)
    with tempfile.NamedTemporaryFile() as file:
        file.writelines(len(request).to_bytes(4, "big") + request for request in requests)
        file.flush()
        command = [*client(), parts.hostname or "127.0.0.1", str(parts.port or 80), file.name, *plan.words()]
        limit = plan.seconds + plan.patience + 60
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False)
    if done.returncode:
        raise ClientFailedError(f"the client said: {done.stderr.strip()[-300:]}")
    return Load(**json.loads(done.stdout))
