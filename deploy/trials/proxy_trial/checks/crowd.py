"""Ten thousand event streams through the proxy at once; what each costs it; and that all get the same news."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.findings import demand, wait_until
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.service import ROOT

TICKETS = 100


def carries(front: Front, streams: int) -> str:
    """Opens the streams, measures the proxy, cancels the event, and sees every stream end with that."""
    event = events.create(front.service, seats=1, waitlist=TICKETS)
    tickets = [front.ticket(event) for _ in range(TICKETS + 1)]
    wait_until(
        lambda: front.service.call("GET", f"/events/{event}/stats")["waitlisted"] == TICKETS,
        seconds=60,
        otherwise="the tickets are not waitlisted",
    )
    before = _resident(front.child.pid)
    command = [sys.executable, "-m", "deploy.trials.proxy_trial.open_streams"]
    command += [str(front.authority), str(front.https), str(streams)]
    opener = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert opener.stdin and opener.stdout
    try:
        opener.stdin.write("\n".join(tickets[1:]) + "\n\n")
        opener.stdin.flush()
        begun = time.monotonic()
        said = opener.stdout.readline().split()
        demand(said and said[0] == "open", f"the streams were not opened: {' '.join(said)}")
        opened, seconds = int(said[1]), time.monotonic() - begun
        demand(opened == streams, f"{opened} of {streams} streams had their first event")
        at_doors = front.service.metric("omnify_watchers", 'kind="stream"')
        demand(at_doors >= streams, f"{at_doors:.0f} of {streams} streams are at the doors")
        each = (_resident(front.child.pid) - before) / streams
        front.service.call("POST", f"/events/{event}/cancel")
        said = opener.stdout.readline().split()
        demand(said and said[0] == "ended", "the streams did not end")
        demand(int(said[1]) == streams, f"{said[1]} of {streams} streams were told of the cancellation")
    finally:
        opener.kill()
        opener.wait()
        opener.stdin.close()
        opener.stdout.close()
    return (
        f"{streams} open after {seconds:.0f} s over {streams // 2} connections of HTTP/2, "
        f"{each / 1024:.0f} KiB of the proxy each; all told of the event's end"
    )


def _resident(pid: int) -> int:
    """Returns the memory of a process and of those that it started, in bytes, as they hold it alone or share it."""
    own = Path(f"/proc/{pid}/smaps_rollup").read_text()
    pss = next(line for line in own.splitlines() if line.startswith("Pss:"))
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(pss.split()[1]) * 1024 + sum(_resident(int(child)) for child in children)
