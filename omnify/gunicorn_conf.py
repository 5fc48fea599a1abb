"""How gunicorn serves Omnify. Read by gunicorn before Django is there, hence its own variables:

OMNIFY_BIND       address and port (default 127.0.0.1:$PORT, port 8000 unless told)
OPERATIONS_BIND   another address and port, for /metrics and /admin alone (default: none, they are on the first)
WEB_WORKERS       processes (default 2)
WEB_CONNECTIONS   connections of each process (default 20000)
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from omnify.embedded.exec_child import die_with_parent

bind = [os.environ.get("OMNIFY_BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"]
if os.environ.get("OPERATIONS_BIND"):
    # The port a request came in on tells the two apart (`omnify.front`).
    bind.append(os.environ["OPERATIONS_BIND"])
    if len({address.rpartition(":")[2] for address in bind}) < len(bind):
        sys.exit("omnify: OPERATIONS_BIND: its port must be another one than the service's")
workers = int(os.environ.get("WEB_WORKERS") or 2)
worker_class = "omnify.server.Worker"
logger_class = "omnify.server.Logger"
proc_name = "omnify-web"

# Each connection is a file. What a process may open beside them: sockets to the stores, logs, metrics.
_OTHER_FILES = 256


def _room_for(connections: int) -> int:
    """Raises the limit on open files as far as it may be, and returns how many connections fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - _OTHER_FILES))


# Open event streams count too, so this is high. See `omnify.server` for what enforces it.
worker_connections = _room_for(int(os.environ.get("WEB_CONNECTIONS") or 20_000))

# A client that polls its ticket every few seconds keeps its connection; a stop waits this long for idle ones at most.
# It is also the time that a client has for the head of a request, also of its first one (`omnify.server`).
keepalive = 15
graceful_timeout = 10
timeout = 60
backlog = 2048

# The longest legal request line is a page of attendees with a search; no header Omnify reads is over 8 KiB.
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190

# Who may say that a request came over TLS is decided by TRUSTED_PROXIES, in Django's settings. gunicorn would believe
# every program on this machine.
forwarded_allow_ips = ""

accesslog = None
errorlog = "-"
loglevel = "warning"

# The default is a socket in the user's home directory, shared by all copies of the service.
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """A worker of a killed gunicorn would keep the port from the next one."""
    die_with_parent(worker.ppid, signal.SIGKILL)


def child_exit(server: Any, worker: Any) -> None:
    """Drops what a dead process held open; its counters stay. The folder is `omnify.common.metrics`'s."""
    root = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if root:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid, str(Path(root) / socket.gethostname()))  # type: ignore[no-untyped-call]
