"""Both clients against the real service, behind a cable that loses answers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from omnify.embedded.ports import free_port
from tests.support.clients import Run, asynchronous, blocking, javascript, needs_node
from tests.support.scripted_server import Asked, Said, ScriptedServer
from tests.support.service.event import Event, open_event
from tests.support.service.processes import Service

pytestmark = pytest.mark.acceptance

every_client = pytest.mark.parametrize("run", [blocking, asynchronous, pytest.param(javascript, marks=needs_node)])


class LossyCable:
    """Passes every request on, and loses the first answers to POST and the first to each other path."""

    def __init__(self, event: Event, *, lost: int) -> None:
        self._address = event.service.address
        self._lost = lost
        self._posts = 0

    def __call__(self, asked: Asked) -> Said | None:
        """Answers, or does not."""
        if asked.path.endswith("/events"):
            return None  # no stream gets through
        headers = {name: value for name, value in asked.headers.items() if name not in ("host", "connection")}
        answer = self._address.ask(asked.method, asked.path, asked.body or None, headers)
        if asked.method == "POST":
            self._posts += 1
            if self._posts <= self._lost:
                return None
        kept = {
            name: value for name, value in answer.headers.items() if name in ("retry-after", "etag", "content-type")
        }
        return Said(answer.status, kept, answer.body)


@every_client
def test_lost_answers_cost_no_second_ticket_and_show_no_duplicate(event: Event, run: Run) -> None:
    before = len(event.rows())
    email = f"{run.__name__}@example.com"
    with ScriptedServer(LossyCable(event, lost=2)) as cable:
        ticket = run(cable.url, "register", event.id, name="Ada", email=email).value
        end = run(cable.url, "follow", ticket["ticket_id"], timeout=100)
    assert end.error is None
    assert end.statuses[-1] == "confirmed"
    assert [row.email for row in event.rows()[before:]] == [email]
    again = run(
        f"http://{event.service.address.host}:{event.service.address.port}",
        "register",
        event.id,
        name="Ada",
        email=email,
    )
    assert again.error is not None
    assert again.error["name"] == "DuplicateRegistration"


@every_client
def test_a_guest_and_an_organizer_do_what_they_came_for(service: Service, run: Run) -> None:
    event = open_event(service, capacity=1, waitlist_capacity=1)
    url, token = f"http://{service.address.host}:{service.address.port}", service.token()
    first, second = (run(url, "register", event.id, name="Ada", email=f"guest{n}@example.com").value for n in range(2))
    assert run(url, "wait", first["ticket_id"], timeout=100).value["status"] == "confirmed"
    assert run(url, "wait", second["ticket_id"], timeout=100).value["status"] == "waitlisted"
    refused = run(url, "register", event.id, name="Ada", email="guest2@example.com")
    if refused.error is None:  # the door did not know yet
        assert run(url, "wait", refused.value["ticket_id"], timeout=100).value["reason"] == "sold_out"
    else:
        assert refused.error["name"] == "SoldOut"
    [attendee] = run(url, "attendees", event.id, token=token).values
    assert attendee["ticket_id"] == first["ticket_id"]
    assert run(url, "cancel", first["ticket_id"]).error is None
    assert run(url, "wait", second["ticket_id"], final=True, timeout=100).value["status"] == "confirmed"
    assert run(url, "stats", event.id, token=token).value["confirmed"] == 1
    told = run(url, "log", token=token)
    assert told.error is None
    mine = [
        (entry["type"], entry["data"]["ticket_id"])
        for entry in told.values
        if entry["data"].get("event_id") == event.id
    ]
    assert ("registration.waitlisted", second["ticket_id"]) in mine
    assert ("registration.cancelled", first["ticket_id"]) in mine
    assert run(url, "attendees", event.id).error["name"] == "AuthenticationError"  # type: ignore[index]


def test_the_back_end_of_the_guide_hears_a_signed_webhook(service: Service) -> None:
    """`examples/backend.py`, as docs/integrate.md starts it."""
    root = Path(__file__).parents[2]
    named = {
        "OMNIFY_URL": f"http://{service.address.host}:{service.address.port}",
        "OMNIFY_TOKEN": service.token(),
        "PORT": str(free_port()),
        "PYTHONPATH": str(root / "clients" / "python" / "src"),
    }
    command = [sys.executable, str(root / "examples" / "backend.py")]
    with subprocess.Popen(command, env={**os.environ, **named}, stdout=subprocess.PIPE, text=True) as back_end:
        try:
            assert back_end.stdout is not None
            assert back_end.stdout.readline() == f"http://127.0.0.1:{named['PORT']}/\n"
            page = urlopen(f"http://127.0.0.1:{named['PORT']}/").read().decode()
            [event_id] = re.findall(rf'src="{named["OMNIFY_URL"]}/assets/widget.js" data-event="(\d+)"', page)
            ticket = Event(service, int(event_id), 2).register(1).data["ticket_id"]
            reference = ticket[: ticket.index("-") + 9]
            assert back_end.stdout.readline() == f"verified: registration.confirmed {reference}\n"
        finally:
            back_end.kill()
