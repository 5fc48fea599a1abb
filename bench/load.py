"""The clients. Throughput comes from wrk, which is written in C; latency at a fixed rate from `bench.paced`."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

LUA = Path(__file__).parent / "lua"
CLIENT_PROCESSES = 2
_seeds = itertools.count(1)


class ClientFailedError(Exception):
    """The load generator is missing, or says that the run is not worth counting."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of wrk saw. `refused` counts answers of 400 and above."""

    requests: int
    seconds: float
    refused: int
    broken: int
    p50_ms: float
    p99_ms: float

    @property
    def accepted(self) -> int:
        """Answers below 400."""
        return self.requests - self.refused

    @property
    def rate(self) -> float:
        """Accepted answers per second."""
        return self.accepted / self.seconds


@dataclass(frozen=True, slots=True)
class Latency:
    """What one paced run saw, in milliseconds from the moment each request was due."""

    requests: int
    refused: int
    p50_ms: float
    p99_ms: float


def require_wrk() -> None:
    """Raises ClientFailedError with the way to install it."""
    if shutil.which("wrk") is None:
        raise ClientFailedError("wrk is not installed: `apt-get install wrk` (Debian, Ubuntu) or `brew install wrk`")


def fresh_seed() -> str:
    """Goes into every e-mail address, so that no run meets the people of another one."""
    return f"{os.getpid():x}r{next(_seeds)}"


def post(url: str, *, connections: int, seconds: float, addresses: int = 0) -> Load:
    """Registers people who exist once, as fast as the other side answers; with `addresses`, from so many of them."""
    return _wrk("register.lua", url, connections, seconds, fresh_seed(), *([str(addresses)] if addresses else []))


def get(url: str, paths: Path, *, connections: int, seconds: float) -> Load:
    """Gets the paths of a file in turn, as fast as the other side answers."""
    return _wrk("paths.lua", url, connections, seconds, str(paths))


def _wrk(script: str, url: str, connections: int, seconds: float, *arguments: str) -> Load:
    # One client thread for everybody: with two, the client takes turns with the two server processes.
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "20s"]
    command += ["-s", str(LUA / script), url, "--", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise ClientFailedError(f"wrk said: {(done.stderr or done.stdout).strip()}")
    load = Load(**json.loads(lines[0].removeprefix("RESULT ")))
    if load.requests == 0 or load.broken > load.requests / 1000:
        raise ClientFailedError(f"{url}: {load.broken} broken connections in {load.requests} requests")
    return load


def paced(url: str, *, rate: float, connections: int, seconds: float) -> Latency:
    """Registers people at `rate` per second from several processes; the first second does not count."""
    share = [str(rate / CLIENT_PROCESSES), str(connections // CLIENT_PROCESSES), str(seconds)]
    with contextlib.ExitStack() as files:
        clients = []
        for _ in range(CLIENT_PROCESSES):
            out = files.enter_context(tempfile.TemporaryFile())
            command = [sys.executable, "-m", "bench.paced", url, fresh_seed(), *share]
            clients.append((subprocess.Popen(command, stdout=out), out))
        answers = [_paced_answer(client, out, seconds + 60) for client, out in clients]
    waits = sorted(wait for answer in answers for wait in answer["waits_ms"])
    if not waits:
        raise ClientFailedError(f"{url}: no answer to a paced request")
    refused = sum(answer["refused"] for answer in answers)
    return Latency(len(waits), refused, _at(waits, 0.50), _at(waits, 0.99))


def _paced_answer(client: subprocess.Popen[bytes], out: IO[bytes], seconds: float) -> dict[str, Any]:
    if client.wait(timeout=seconds):
        raise ClientFailedError(f"the paced client ended with {client.returncode}")
    out.seek(0)
    answer: dict[str, Any] = json.loads(out.read())
    return answer


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
