"""`/metrics` and `/admin` are closed however their path is spelled, and open on the operations port alone."""

from __future__ import annotations

from types import TracebackType

import httpx

from deploy.trials.proxy_trial.client import Answer, Client
from deploy.trials.proxy_trial.findings import demand
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.http2 import Client2

CLOSED = ("metrics", "admin/login/")


def spellings(path: str) -> list[str]:
    """Returns ways to write `/<path>` that one program or another reads as it."""
    first, rest = path[0], path[1:]
    code = f"{ord(first):02x}"
    head, slash, tail = path.partition("/")
    return [
        f"/{path}",
        f"//{path}",
        f"///{path}",
        f"/%{code}{rest}",
        f"/%{code.upper()}{rest}",
        f"/%25{code}{rest}",
        f"/./{path}",
        f"/x/../{path}",
        f"/x/%2e%2e/{path}",
        f"/events/1/../../{path}",
        f"/..;/{path}",
        f"/static/..%2f{path}",
        f"/static/../{path}",
        f"/;/{path}",
        f"/{head};x{slash}{tail}",
        f"/{path};x",
        f"/{path}?x=1",
        f"/{path}%3fx",
        f"/{path}%20",
        f"/{path}%00",
        f"/{path}%23",
        f"/{path}/.",
        f"/{path}/../{path}",
        f"/{path.upper()}",
        f"/{path.title()}",
        f"/{path.replace('/', '%2f')}",
        f"/%2f{path}",
        f"/%5c{path}",
        f"/\\{path}",
        f"/{head}\\{tail}",
        f"/{head}%5c{tail}",
        f"/e/1/..\\..\\{path}",
        f"/{first}%C0%AF{rest}",
    ]


def is_closed(front: Front) -> str:
    """No spelling is let in, over neither protocol, nor as a whole address."""
    with Asking(front) as asking:
        for path in CLOSED:
            whole = (f"https://localhost:{front.https}/{path}", f"http://localhost/{path}", f"https://x/{path}")
            for target in (*spellings(path), *whole):
                asking.demand_closed("GET", target)
                asking.demand_closed2(target)
            for target in (path, f"*{path}", f" /{path}"):
                asking.demand_closed2(target)
            for method in ("HEAD", "POST", "OPTIONS"):
                asking.demand_closed(method, f"/{path}")
    for name, value in (
        ("X-Original-URL", "/metrics"),
        ("X-Rewrite-URL", "/metrics"),
        ("X-Forwarded-Prefix", "/admin"),
    ):
        answer = front.request("GET", "/health/live", {name: value})
        demand(b"alive" in answer.body, f"{name} changes the path")
    return f"{asking.tried} spellings refused"


def is_open_inside(front: Front) -> str:
    """The operations port has both, and nothing of the service."""
    for path, status in (("/metrics", 200), ("/admin/login/", 200), ("/events", 404)):
        found = httpx.get(f"{front.service.operations}{path}", timeout=30, trust_env=False).status_code
        demand(found == status, f"{path} is answered {found} there")
    return "metrics and admin answer there, events do not"


class Asking:
    """Asks over a connection of each protocol, and over new ones when they were closed."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._one: Client | None = None
        self._two: Client2 | None = None
        self.tried = 0

    def __enter__(self) -> Asking:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        for client in (self._one, self._two):
            if client is not None:
                client.close()

    def demand_closed(self, method: str, target: str) -> None:
        """Raises Broken if this is let in over HTTP/1.1."""
        self.tried += 1
        client = self._one or self._front.client()
        try:
            answer = client.request(method, target)
        except OSError:
            self._one = None
            client.close()
            return
        self._one = None if "close" in answer.header("connection") else client
        if self._one is None:
            client.close()
        _demand_refusal(f"{method} {target}", answer)

    def demand_closed2(self, target: str) -> None:
        """Raises Broken if this is let in over HTTP/2."""
        self.tried += 1
        self._two = self._two or Client2(self._front.context("h2"), self._front.https)
        try:
            answer = self._two.request("GET", target)
        except OSError:
            self._two.close()
            self._two = None
            return
        _demand_refusal(f"{target} over HTTP/2", answer)


def _demand_refusal(what: str, answer: Answer) -> None:
    let_in = answer.status < 400 or b"omnify_door" in answer.body or b"csrfmiddlewaretoken" in answer.body
    demand(not let_in, f"{what!r} is answered {answer.status}")
