"""A crowd that registers while things break, and what must be true of it afterwards."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time

from tests.support.service.event import Event
from tests.support.service.http_client import JSON, Answer, ask_on
from tests.support.waiting import wait_until

CONNECTIONS = 8
_PATIENCE_SECONDS = 100.0
_PAUSE_SECONDS = 0.05


class Crowd:
    """Guests who come one after the other over a few connections.

    Each insists: without an answer, or with a 503, a guest tries again under the same Idempotency-Key until there is
    a ticket, or the door says `sold_out`. Any other answer fails the test.
    """

    def __init__(self, event: Event, size: int) -> None:
        self.event = event
        self.size = size
        self.turned_away = 0
        self._added = 0
        self._lines: list[list[str]] = [[] for _ in range(CONNECTIONS)]
        self._strange: list[Answer] = []
        self._guests = itertools.count(1)
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._come, args=(line,), daemon=True) for line in self._lines]
        self._deadline = time.monotonic() + _PATIENCE_SECONDS

    def start(self) -> Crowd:
        """The crowd comes."""
        for thread in self._threads:
            thread.start()
        return self

    def add(self, guest: str) -> None:
        """One more of it, who comes now and must have a 202 at once."""
        answer = self.event.register(guest)
        assert answer.status == 202, answer
        self._lines.append([answer.data["ticket_id"]])
        self._added += 1

    def tickets(self) -> list[str]:
        """Every ticket promised so far."""
        return [ticket for line in self._lines for ticket in list(line)]

    @property
    def coming(self) -> bool:
        """Whether some are still on their way."""
        return any(thread.is_alive() for thread in self._threads)

    def wait_for_tickets(self, number: int) -> None:
        """Returns in the middle of the rush."""
        wait_until(lambda: len(self.tickets()) >= number, f"{number} guests have their 202")
        assert self.coming, "the crowd was too small to break anything under it"

    def join(self) -> None:
        """Waits until all have come."""
        for thread in self._threads:
            thread.join(_PATIENCE_SECONDS)
        assert not self.coming

    def verify(self) -> None:
        """Waits until all have come and are decided; then looks whether every promise was kept."""
        self.join()
        assert not self._strange
        assert len(self.tickets()) + self.turned_away == self.size + self._added
        decided = self.event.all_decided(self.tickets())
        fates = {(found["status"], found["reason"]) for found in decided.values()}
        assert fates <= {("confirmed", None), ("rejected", "sold_out")}
        for line in self._lines:
            places = [decided[ticket]["sequence"] for ticket in line]
            assert places == sorted(set(places)), "a later guest got an earlier place"
        seats = [found for found in decided.values() if found["status"] == "confirmed"]
        assert len(seats) == min(len(decided), self.event.capacity)
        if self.turned_away:
            assert len(seats) == self.event.capacity
        assert len(decided) == len(self.event.rows())
        verify_ledger(self.event)

    def _come(self, line: list[str]) -> None:
        connection = self.event.service.address.connection()
        while (guest := self._next()) <= self.size:
            answer = self._insist(connection, guest)
            if answer is not None and answer.status == 202:
                line.append(answer.data["ticket_id"])
            elif answer is not None and answer.refusal == (409, "sold_out"):
                with self._lock:
                    self.turned_away += 1
            else:
                self._strange.append(answer or Answer(0, {}, b"out of patience"))
        connection.close()

    def _next(self) -> int:
        with self._lock:
            return next(self._guests)

    def _insist(self, connection: http.client.HTTPConnection, guest: int) -> Answer | None:
        body = json.dumps({"name": f"Guest {guest}", "email": f"guest{guest}@example.com"}).encode()
        headers = {**JSON, "Idempotency-Key": f"guest-{guest}"}
        while time.monotonic() < self._deadline:
            try:
                answer = ask_on(connection, "POST", f"{self.event.path}/register", body, headers)
                if answer.status != 503:
                    return answer
            except OSError:
                pass
            time.sleep(_PAUSE_SECONDS)
        return None


def verify_ledger(event: Event) -> None:
    """What holds of every event once its queue is empty: nothing oversold, doubled, out of order or left behind."""
    wait_until(lambda: event.queued() == 0 and event.noted() == 0, "the queue is empty")
    rows = event.rows()
    seats = [row for row in rows if row.status == "confirmed"]
    assert len(seats) == event.confirmed_count() <= event.capacity
    assert len({row.email for row in seats}) == len(seats), "two seats for one e-mail"
    assert [row.sequence for row in rows] == sorted({row.sequence for row in rows}), "decided out of order"
    first_refusal = min((row.sequence for row in rows if row.reason == "sold_out"), default=None)
    assert first_refusal is None or all(row.sequence < first_refusal for row in seats), "a later guest got the seat"
