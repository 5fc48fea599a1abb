"""How gunicorn serves Omnify. Read by gunicorn before Django is there, hence its own two variables:

OMNIFY_BIND   address and port (default 127.0.0.1:$PORT, port 8000 unless told)
WEB_WORKERS   processes (default 2)
"""

from __future__ import annotations

import os
import signal
from typing import Any

from omnify.embedded.exec_child import die_with_parent

bind = os.environ.get("OMNIFY_BIND") or f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_WORKERS") or 2)
worker_class = "asgi"
proc_name = "omnify-web"

# A client that polls its ticket every few seconds keeps its connection; a stop waits this long for idle ones at most.
keepalive = 15
graceful_timeout = 10
timeout = 60
backlog = 2048

# The longest legal request line is a page of attendees with a search; no header Omnify reads is over 8 KiB.
limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190

accesslog = None
errorlog = "-"
loglevel = "warning"

# The default is a socket in the user's home directory, shared by all copies of the service.
control_socket_disable = True


def post_fork(server: Any, worker: Any) -> None:
    """A worker of a killed gunicorn would keep the port from the next one."""
    die_with_parent(worker.ppid, signal.SIGKILL)
