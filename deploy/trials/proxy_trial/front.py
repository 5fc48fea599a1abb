"""The proxy that is being tried, as its checks see it: where it is, what is behind it, and which tickets were given."""

from __future__ import annotations

import itertools
import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path

from deploy.trials.proxy_trial.client import Answer, Client
from deploy.trials.proxy_trial.service import Service
from omnify.embedded.process import Child

_numbers = itertools.count(1)


@dataclass(slots=True)
class Front:
    """A running proxy. `secrets` are what may stand in none of its logs."""

    name: str
    http: int
    https: int
    folder: Path
    authority: Path
    service: Service
    child: Child
    secrets: set[str] = field(default_factory=set)

    def context(self, *protocols: str) -> ssl.SSLContext:
        """Returns a context that trusts the trial's authority alone, and offers these protocols."""
        made = ssl.create_default_context(cafile=str(self.authority))
        made.set_alpn_protocols(list(protocols or ("http/1.1",)))
        return made

    def client(self, source: str = "127.0.0.1") -> Client:
        """Opens a connection of HTTP/1.1 from this address."""
        return Client(self.context(), self.https, source)

    def request(
        self,
        method: str,
        target: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        *,
        source: str = "127.0.0.1",
    ) -> Answer:
        """Sends one request on a connection of its own."""
        with self.client(source) as client:
            return client.request(method, target, headers, body)

    def registration(self) -> tuple[dict[str, str], bytes]:
        """Returns headers and body of a registration by a guest who has not registered before."""
        email = f"guest{next(_numbers)}-{threading.get_ident() % 9973}@guests.example"
        self.secrets.add(email)
        return {"Content-Type": "application/json"}, b'{"name": "A Guest", "email": "%b"}' % email.encode()

    def register(self, event: int, *, source: str = "127.0.0.1", **headers: str) -> Answer:
        """Registers a new guest, and keeps the ticket's id in mind."""
        with self.client(source) as client:
            return self.register_on(client, event, **headers)

    def register_on(self, client: Client, event: int, **headers: str) -> Answer:
        """Registers a new guest on this connection. `_` in the names of headers stands for `-`."""
        own, body = self.registration()
        answer = client.request(
            "POST", f"/events/{event}/register", {**own, **{k.replace("_", "-"): v for k, v in headers.items()}}, body
        )
        if answer.status == 202:
            self.secrets.add(answer.data["ticket_id"])
        return answer

    def ticket(self, event: int) -> str:
        """Registers a new guest, and returns the ticket's id."""
        answer = self.register(event)
        if answer.status != 202:
            raise RuntimeError(f"a registration was answered {answer.status}")
        return str(answer.data["ticket_id"])
