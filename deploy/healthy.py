"""The containers' health checks: exit code 0 if this container does its work, 1 and a sentence if not.

python deploy/healthy.py web       the door takes registrations: GET /health/door, which asks no database
python deploy/healthy.py worker    a drain worker of this container has said within the last seconds that it is alive
"""

from __future__ import annotations

import os
import socket
import sys
from urllib.request import Request, urlopen

TIMEOUT_SECONDS = 4.0


def web(*, port: int) -> str:
    """What is wrong, or an empty string. Asked as `localhost`, which ALLOWED_HOSTS must therefore hold."""
    request = Request(f"http://127.0.0.1:{port}/health/door", headers={"Host": "localhost"})
    try:
        with urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310 - a constant scheme
            return ""
    except OSError as problem:
        return f"no answer: {problem}"


def worker(*, host: str) -> str:
    """What is wrong, or an empty string. Workers write `<host>:<process id>` into a set, scored by their expiry."""
    from redis.exceptions import RedisError

    from events.admission.heartbeat import workers_alive
    from omnify.common.redis_client import connect
    from omnify.environment import read_environment

    client = connect(read_environment().redis_url)
    try:
        alive = workers_alive(client)
    except RedisError as problem:
        return f"Redis does not answer: {type(problem).__name__}"
    finally:
        client.close()
    return "" if any(name.startswith(f"{host}:") for name in alive) else f"no drain worker of {host} is alive"


def main(arguments: list[str]) -> int:
    """The exit code for Docker: 0 or 1."""
    if arguments == ["web"]:
        problem = web(port=int(os.environ.get("OMNIFY_BIND", ":8000").rpartition(":")[2]))
    elif arguments == ["worker"]:
        problem = worker(host=socket.gethostname())
    else:
        problem = "usage: healthy.py web|worker"
    if problem:
        sys.stderr.write(f"{problem}\n")
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
