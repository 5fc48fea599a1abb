"""HAProxy in front of the doors. It is what asks, so that a door may come and go without anyone noticing:

    GET /health/door    every 500 ms: a door that thrice does not answer 200 gets no more requests
    redispatch          a connection that a stopping door refuses is tried again at another one: nothing was sent
    empty-response      what was sent, and ended without an answer, is sent again with an Idempotency-Key alone, as in
                        deploy/compose and deploy/proxies; the guests of `mailed` have none, and so try the door itself

A door that stops answers once more on each connection that the balancer keeps, and says `Connection: close`.
"""

from __future__ import annotations

import shutil
import socket
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from deploy.trials.report import CannotTry
from omnify.embedded.ports import LOOPBACK
from omnify.embedded.process import Child, start_child

_CONFIG = """\
global
    stats socket {folder}/haproxy.sock mode 600 level operator
    maxconn 4000
    log stdout format raw local0
defaults
    mode http
    log global
    # What did not go as it should: no path, which may name a ticket.
    log-format "%tr %s: %HM answered %ST, ended %ts, retries %rc, connected after %Tc ms, answered after %Tr ms"
    option dontlog-normal
    timeout connect 2s
    timeout client 75s
    timeout server 75s
    timeout http-keep-alive 75s
    timeout queue 5s
frontend front
    bind {address}
    default_backend doors
backend doors
    balance leastconn
    option httpchk
    http-check send meth GET uri {probe} ver HTTP/1.1 hdr Host localhost
    http-check expect status 200
    default-server check inter 500ms fall 3 rise 1
    timeout check 5s
    option redispatch 1
    retries 5
    retry-on conn-failure empty-response
    http-request disable-l7-retry if METH_POST !{{ req.hdr(idempotency-key) -m found }}
    http-request disable-l7-retry if {{ method PATCH }}
{servers}
"""


class Balancer:
    """A HAProxy that knows where each door may be."""

    def __init__(self, *, folder: Path, log: Path, port: int, doors: Sequence[int], probe: str) -> None:
        self.port = port
        self._folder, self._log = folder, log
        servers = "\n".join(f"    server door-{number} {LOOPBACK}:{door}" for number, door in enumerate(doors))
        text = _CONFIG.format(folder=folder, address=f"{LOOPBACK}:{port}", probe=probe, servers=servers)
        (folder / "haproxy.cfg").write_text(text, "utf-8")

    @property
    def url(self) -> str:
        """Where clients find the service."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> Child:
        """Starts it. Raises CannotTry where there is none."""
        return start_child(
            "haproxy",
            [find_haproxy(), "-db", "-f", str(self._folder / "haproxy.cfg")],
            log=self._log,
            env={"PATH": "/usr/sbin:/usr/bin:/bin"},
        )

    def troubles(self) -> Counter[str]:
        """Counts the requests that failed or were sent again, by door, status and how they ended."""
        lines = self._log.read_text("utf-8", errors="replace").splitlines()
        return Counter(line.split(" ", 1)[1].partition(", connected")[0] for line in lines if ", ended " in line)

    def doors_up(self) -> set[int]:
        """Returns the numbers of the doors that get requests now; none while it does not answer."""
        lines = [line.split(",") for line in self._ask("show stat").splitlines()]
        return {
            int(line[1].removeprefix("door-"))
            for line in lines
            if len(line) > 17 and line[0] == "doors" and line[1].startswith("door-") and line[17] == "UP"
        }

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            try:
                connection.connect(str(self._folder / "haproxy.sock"))
                connection.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode()
            except OSError:
                return ""


def find_haproxy() -> str:
    """Returns the program's path. Raises CannotTry where there is none."""
    found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
    if not found:
        raise CannotTry("HAProxy is needed (on Debian: apt install haproxy)")
    return found
