"""After `manage.py forget --email` the address is in no file of the service that can be reached."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.service.event import open_event
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

ADDRESS = "forget.this.address@example.com"


def files_with(folder: Path, text: str) -> list[str]:
    """Names of the files below `folder` that hold `text`."""
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and text.encode() in path.read_bytes():
                found.append(str(path.relative_to(folder)))
        except FileNotFoundError:  # rewritten meanwhile
            continue
    return found


def tables_with(service: Service, text: str) -> list[str]:
    """Files of tables and indexes, as they are on disk."""
    service.checkpoint()
    return files_with(service.ledger_data / "base", text)


def test_a_forgotten_address_is_in_no_log_no_queue_and_no_table(service: Service) -> None:
    event = open_event(service)
    hook = f"https://example.org/hooks/{ADDRESS}"
    bearer = {"Authorization": f"Bearer {service.token()}"}
    body = {"name": "Guest forgotten", "email": ADDRESS, "callback_url": hook}
    answer = service.address.post(f"{event.path}/register", body, bearer)
    assert answer.status == 202
    event.decided(answer.data["ticket_id"])
    assert tables_with(service, ADDRESS)
    assert [name for name in files_with(service.home, ADDRESS) if name.startswith("valkey/")]

    kept = json.loads(service.manage("export_person", "--email", given=ADDRESS + "\n").stdout)
    assert [row["ticket_id"] for row in kept["registrations"]] == [answer.data["ticket_id"]]
    done = service.manage("forget", "--email", "--rewrite-tables", given=ADDRESS.upper() + "\n")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "Forgotten: 1 registrations; tickets given back: 1.")

    # Redis removes the old files of a rewrite in the background.
    written = [path for path in service.home.iterdir() if path != service.ledger_data.parent]
    wait_until(lambda: not [n for p in written if p.is_dir() for n in files_with(p, ADDRESS)], "no file has it")
    assert tables_with(service, ADDRESS) == []
    assert event.ticket(answer.data["ticket_id"])["status"] == "cancelled"
