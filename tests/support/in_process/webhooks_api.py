"""Subscriptions through `/webhooks`, as an organizer makes them."""

from __future__ import annotations

from typing import Any

from tests.support.in_process.api import Caller
from tests.support.in_process.outbox import ALL

URL = "https://8.8.8.8/hook"


def subscribe(caller: Caller, **changes: Any) -> dict[str, Any]:
    answer = caller.post("/webhooks", {"url": URL, "event_types": ALL, "event_id": None, **changes})
    assert answer.status_code == 201, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
