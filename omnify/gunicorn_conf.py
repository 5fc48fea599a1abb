"""How gunicorn serves Omnify. gunicorn reads this before Django is set up, so it reads the environment itself:

OMNIFY_BIND       address and port (default 127.0.0.1:$PORT, with port 8000 if PORT is not set)
OPERATIONS_BIND   a second address and port, for /metrics and /admin only (default: none, the first serves them)
WEB_WORKERS       processes (default: one for two cores, at least 2 and at most 8)
WEB_CONNECTIONS   connections of each process (default 20000)
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

from omnify.common.cores import default_web_workers, usable_cores
from omnify.embedded.exec_child import die_with_parent

bind = [os.environ.get("OMNIFY_BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"]
if os.environ.get("OPERATIONS_BIND"):
    # A request is told apart by the port that it came in on (`omnify.front`).
    bind.append(os.environ["OPERATIONS_BIND"])
    if len({address.rpartition(":")[2] for address in bind}) < len(bind):
        sys.exit("omnify: OPERATIONS_BIND: its port must be another one than the service's")
workers = int(os.environ.get("WEB_WORKERS") or default_web_workers(usable_cores()))
worker_class = "omnify.server.Worker"
logger_class = "omnify.server.Logger"
proc_name = "omnify-web"
# The parent imports the service once, and its processes begin with that: in a tenth of a second instead of two, with
# memory that they share. A reload (SIGHUP) replaces the processes, but not the code.
preload_app = True

# Each connection is an open file. These are for the rest: sockets to the stores, logs, metrics.
_OTHER_FILES = 256
_MACOS_FILES = 10_240  # OPEN_MAX


def _fit_connections(connections: int) -> int:
    """Raises the limit on open files as far as allowed, and returns how many connections fit under it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        # macOS calls its limit infinite, and refuses more than so many.
        for limit in (most, min(most, _MACOS_FILES)):
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                soft = limit
                break
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - _OTHER_FILES))


# Open event streams count too, so this is high. See `omnify.server` for what enforces it.
worker_connections = _fit_connections(int(os.environ.get("WEB_CONNECTIONS") or 20_000))

# In seconds. Long enough that a client that polls its ticket keeps its connection; a stop waits at most this long for
# idle ones. A client also has this long to send the head of each request, the first one included (`omnify.server`).
keepalive = 15
graceful_timeout = 10
timeout = 60
backlog = 2048

# The longest legal request line is a page of attendees with a search; no header Omnify reads is over 8 KiB.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# TRUSTED_PROXIES decides whose X-Forwarded-Proto counts (Django's settings). By default gunicorn would trust every
# program on this machine.
forwarded_allow_ips = ""

accesslog = None
errorlog = "-"
loglevel = "warning"

# By default this is a socket in the user's home directory, which all copies of the service would share.
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """Makes workers end with gunicorn: one that outlives it would keep the port occupied."""
    die_with_parent(worker.ppid, signal.SIGKILL)


def child_exit(server: Any, worker: Any) -> None:
    """Frees a dead process's place among those that share connections, and removes its gauges from the metrics
    (`omnify.common.metrics`); its counters stay."""
    # The benchmark's baselines run in gunicorn's own worker, which has no such method.
    if hasattr(worker, "give_place_back"):
        worker.give_place_back()
    from omnify.common.metrics import remove_gauges

    remove_gauges(worker.pid)
