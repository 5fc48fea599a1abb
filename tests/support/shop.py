"""The shop of `examples/shop` in a process of its own, and its buyers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from omnify.embedded.programs import ROOT
from tests.support.bare_environment import bare_environment
from tests.support.service.event import Event
from tests.support.service.http_client import Address, Answer
from tests.support.waiting import wait_until


@dataclass(frozen=True, slots=True)
class Shop:
    """A running shop."""

    address: Address

    def send(self, path: str, **fields: str) -> Answer:
        """A form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.address.ask("POST", path, urlencode(fields).encode(), headers)

    def buy(self, guest: int) -> str:
        """A buyer's ticket, which is the name of the order too."""
        fields = {"name": f"Guest {guest}", "email": f"guest{guest}@example.com", "key": f"key-{guest}"}
        answer = self.send("/buy", **fields)
        assert answer.status == 303, answer
        return answer.headers["location"].rpartition("/")[2]

    def at_the_bank(self, ticket_id: str, outcome: str) -> str:
        """The buyer chooses what happens to the payment. Returns where that leads to."""
        answer = self.send(f"/bank/{ticket_id}", outcome=outcome)
        assert answer.status == 303, answer
        return answer.headers["location"]

    def order(self, path: str) -> str:
        """The page of an order."""
        answer = self.address.ask("GET", path if path.startswith("/") else f"/orders/{path}")
        assert answer.status == 200, answer
        return answer.body.decode()

    def shows(self, ticket_id: str, words: str) -> str:
        """The page of an order, once it has these words."""

        def look() -> str | None:
            page = self.order(ticket_id)
            return page if words in page else None

        return wait_until(look, f"the shop says: {words}")


@contextmanager
def open_shop(event: Event, book: Path) -> Iterator[Shop]:
    """The shop sells the event's seats, and keeps its orders in `book`."""
    service = event.service
    command = [sys.executable, "-m", "examples.shop", "--omnify", base_url(event), "--port", "0"]
    command += ["--event", str(event.id), "--book", str(book)]
    environment = {**bare_environment(), "OMNIFY_TOKEN": service.token(), "PATH": os.environ["PATH"]}
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(2)]
            found = urlsplit(lines[1].removeprefix("shop: ").strip())
            assert found.hostname and found.port, lines
            yield Shop(Address(found.hostname, found.port))
        finally:
            process.kill()


def base_url(event: Event) -> str:
    """The service's address."""
    return f"http://{event.service.address.host}:{event.service.address.port}"
