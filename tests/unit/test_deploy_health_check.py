"""The health check of the image: the door's by its answer, a worker's by its own sign of life."""

from __future__ import annotations

import runpy
import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

HEALTHY = runpy.run_path(str(ROOT / "deploy" / "healthy.py"))


@pytest.mark.parametrize("status", [200, 503])
def test_the_health_check_says_whether_the_door_answers(status: int) -> None:
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']}{self.path}")
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request).start()
        problem = HEALTHY["web"](port=server.server_port)

    assert asked == ["localhost/health/door"]
    assert bool(problem) == (status != 200)


@pytest.mark.parametrize(("name", "healthy"), [("box:7", True), ("box-2:7", False)])
def test_a_worker_is_healthy_by_its_own_sign_of_life(name: str, healthy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def zrangebyscore(self, *_: Any) -> list[bytes]:
            return [name.encode()]

        def close(self) -> None:
            pass

    monkeypatch.setattr("omnify.common.redis_client.connect", lambda url: Client())

    assert (HEALTHY["worker"](host="box") == "") is healthy


def test_the_health_check_says_that_no_server_answers() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))

        assert HEALTHY["web"](port=holder.getsockname()[1]).startswith("no answer")
