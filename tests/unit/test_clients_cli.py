"""The command `omnify`, as a process of its own or called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from events.domain.webhooks.signing import signature, signing_key
from omnify_client.cli import main
from tests.support.scripted_server import ScriptedServer, refused, said, stream

ROOT = Path(__file__).parents[2]
VECTORS: list[dict[str, Any]] = json.loads((ROOT / "clients" / "webhook_vectors.json").read_text())
TICKET_ID = "7-Zk3vB9qT1xYw5LrN8sHdmA2cQ4fE"
WHO = ("--name", "Ada", "--email", "ada@example.org")


@pytest.fixture
def listening() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`omnify listen` on some port, and its URL. The secret of the first vector verifies."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "clients/python/src"), "OMNIFY_WEBHOOK_SECRET": _secret()}
    command = [sys.executable, "-m", "omnify_client", "--json", "listen", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())["listening"]
        process.terminate()


def _secret() -> str:
    return str(VECTORS[0]["secrets"][0])


def _post(url: str, body: str, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, body.encode(), headers, method="POST")  # noqa: S310 - of this test
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code


def test_listen_tells_what_is_genuine(listening: tuple[subprocess.Popen[str], str]) -> None:
    process, url = listening
    body, now = '{"type":"event.changed","data":{"id":7}}', int(time.time())
    signed = signature([signing_key(_secret())], message_id="msg_1", seconds=now, body=body.encode())
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(now), "webhook-signature": signed}
    assert _post(url, body, headers) == 204
    assert _post(url, body + " ", headers) == 401
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert [line["verified"] for line in lines] == [True, False]
    assert lines[0]["message"] == json.loads(body)


def test_register_prints_the_ticket_and_watches_it(capsys: pytest.CaptureFixture[str]) -> None:
    ticket = {"ticket_id": TICKET_ID, "event_id": 7, "status": "queued", "position": 3}
    with ScriptedServer(
        said(ticket, status=202), stream(ticket, {**ticket, "status": "confirmed", "position": None})
    ) as server:
        assert main(["register", "7", *WHO, "--watch", "--url", server.url]) == 0
    assert capsys.readouterr().out.splitlines() == [TICKET_ID, "queued position 3", "confirmed"]


def test_a_refusal_is_one_line_and_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with ScriptedServer(refused(409, "sold_out")) as server:
        assert main(["--url", server.url, "register", "7", *WHO]) == 1
    assert capsys.readouterr().err == "omnify: No. (409 sold_out)\n"


def test_json_gives_one_object_a_line_before_or_behind_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    events = [{"id": 7, "name": "Zürich", "later": 1}, {"id": 8, "name": "東京"}]
    with ScriptedServer(said({"total_pages": 1, "results": events})) as server:
        for words in (["--json", "events"], ["events", "--json"]):
            assert main([*words, "--url", server.url]) == 0
            assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == events


@pytest.mark.parametrize(
    "words",
    [["watch", "../events", "--url", "http://127.0.0.1:1"], ["listen", "--secret", "x"], ["rehearse", "--help"]],
)
def test_what_was_called_wrongly_ends_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err.startswith("omnify: ")
