"""A client of server-sent events, on a socket of its own."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any

from tests.support.leftovers import until_the_tests_end
from tests.support.service.event import Event
from tests.support.service.http_client import reset


class Follower:
    """One open stream. Reading blocks until an event comes, for as long as the tests' timeout."""

    def __init__(self, event: Event, ticket_id: str) -> None:
        lines = (f"GET /registrations/{ticket_id}/events HTTP/1.1", "Host: localhost", "Accept: text/event-stream")
        self.socket: socket.socket = event.service.address.raw(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.response = http.client.HTTPResponse(self.socket)
        until_the_tests_end(self)
        self.response.begin()
        self.tickets: list[dict[str, Any]] = []
        self.ids: list[str] = []

    def next(self) -> dict[str, Any] | None:
        """The next event's ticket; None when the stream has ended as it should. Raises if the connection is cut."""
        while line := self.response.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                self.ids.append(value)
            elif name == "data":
                self.tickets.append(json.loads(value))
                return self.tickets[-1]
        self.close()
        return None

    def until(self, status: str) -> dict[str, Any]:
        """Reads on to the first event with this status."""
        while (ticket := self.next()) is not None:
            if ticket["status"] == status:
                return ticket
        raise AssertionError(f"the stream ended before {status}: {self.statuses}")

    def to_the_end(self) -> list[str]:
        """Reads all that is left; each status once, in order."""
        while self.next() is not None:
            pass
        return self.statuses

    @property
    def statuses(self) -> list[str]:
        """Each status once, in the order in which they came."""
        return list(dict.fromkeys(ticket["status"] for ticket in self.tickets))

    def close(self) -> None:
        """Hangs up politely."""
        self.response.close()
        self.socket.close()

    def vanish(self) -> None:
        """Hangs up as a phone does that lost its network."""
        self.response.close()
        reset(self.socket)


def follow(event: Event, ticket_ids: list[str]) -> list[Follower]:
    """A stream for each ticket, each with its first event read."""
    followers = [Follower(event, ticket_id) for ticket_id in ticket_ids]
    for follower in followers:
        assert follower.response.status == 200
        follower.next()
    return followers
