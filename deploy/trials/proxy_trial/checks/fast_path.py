"""Registrations take the door's fast path, over connections that are kept; a crowd is served with all proofs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.findings import Broken, demand, wait_until
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.http2 import Client2
from deploy.trials.proxy_trial.service import ROOT

GUESTS = 100
PEOPLE = 250
AT_REST_SECONDS = 1.0
COUNTED_SECONDS = 30.0
# As Firefox sends them over HTTP/2; `TE: trailers` is what a door's fast path does not take.
BROWSER = [
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "*/*"),
    ("accept-language", "en-US,en;q=0.5"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("content-type", "application/json"),
    ("origin", "https://localhost"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-site", "same-origin"),
    ("priority", "u=0"),
    ("te", "trailers"),
]


def keeps_connections(front: Front) -> str:
    """Guests with a connection each are passed on over few, and none of them misses the fast path."""
    event = events.create(front.service, seats=1000)
    _wait_for_rest(front)
    slow, before = _slow(front), _opened(front)
    registered, polled = _answered(front, "register", 202), _answered(front, "status", 200)
    for _ in range(GUESTS // 2):
        demand(front.register(event).status == 202, "a registration is not answered 202")
        client = Client2(front.context("h2"), front.https)
        _, body = front.registration()
        answer = client.request("POST", f"/events/{event}/register", BROWSER, body)
        demand(answer.status == 202, f"a browser's registration is answered {answer.status}")
        front.secrets.add(answer.data["ticket_id"])
        poll = client.request("GET", f"/registrations/{answer.data['ticket_id']}", BROWSER[:3] + BROWSER[-2:])
        demand(poll.status == 200, f"a browser's poll is answered {poll.status}")
        client.close()
    wait_until(
        lambda: (
            _answered(front, "register", 202) >= registered + GUESTS
            and _answered(front, "status", 200) >= polled + GUESTS // 2
        ),
        seconds=COUNTED_SECONDS,
        otherwise="not all answers are counted",
    )
    missed, opened = _slow(front) - slow, _opened(front) - before
    demand(not missed, f"{missed:.0f} of {GUESTS} registrations and {GUESTS // 2} polls missed the fast path")
    demand(opened < GUESTS // 4, f"{opened} connections to the doors for {GUESTS} guests")
    return f"{GUESTS} guests, each with a connection: {max(0, opened)} more to the doors, 0 on the slow path"


def serves_a_crowd(front: Front) -> str:
    """A rehearsal through the proxy keeps all its proofs."""
    command = [sys.executable, "-m", "rehearsal", "--url", f"https://localhost:{front.https}"]
    command += ["--people", str(PEOPLE), "--seats", "100", "--waitlist", "40", "--cancel", "10%", "--webhooks"]
    command += ["--connections", "64", "--patience", "30", "--time-limit", "90"]
    done = subprocess.run(
        command,
        env={**os.environ, "OMNIFY_TOKEN": front.service.token, "SSL_CERT_FILE": str(front.authority)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    Path(front.folder / "rehearsal.log").write_text(done.stdout + done.stderr)
    kept, broken = done.stdout.count("✓"), [line.strip() for line in done.stdout.splitlines() if "✗" in line]
    if done.returncode:
        raise Broken("; ".join(broken) or (done.stderr.strip() or done.stdout.strip()).splitlines()[-1])
    return f"{PEOPLE} people, {kept} proofs kept"


def _slow(front: Front) -> float:
    """Counts what took the slow path: all of it whose answers are counted."""
    return front.service.metric("omnify_door_slow_path_total")


def _answered(front: Front, route: str, status: int) -> float:
    return front.service.metric("omnify_door_answers_total", f'route="{route}"', f'status="{status}"')


def _wait_for_rest(front: Front) -> None:
    """Waits until the doors have counted what was before: they write twice a second, and none is asked meanwhile."""
    seen, since = -1.0, 0.0

    def is_at_rest() -> bool:
        nonlocal seen, since
        now = front.service.metric("omnify_door_answers_total")
        if now != seen:
            seen, since = now, time.monotonic()
        return time.monotonic() - since > AT_REST_SECONDS

    wait_until(is_at_rest, seconds=COUNTED_SECONDS, otherwise="the doors are never at rest")


def _opened(front: Front) -> int:
    """Counts connections to the doors of this moment and of the last minute: the system remembers closed ones."""
    doors = {f"{front.service.ports[name]:04X}" for name in ("door1", "door2")}
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[2].rpartition(":")[2] in doors for line in lines)
