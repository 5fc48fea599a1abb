"""Registrations as the door hands them to the gate, calls of a gate, and what its scripts answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from events.admission.entry import pack
from events.admission.gate import Gate
from events.admission.replies import Refused
from events.admission.requests import AdmissionRequest
from events.domain.attendee import email_key
from events.domain.rate_limit import RateLimit
from omnify.common.redis_client import connect_async
from tests.support.in_process.events import tickets
from tests.support.servers import Services


def apply_for(
    number: int | str, *, key: str | None = None, note: str = "", name: str = "", address: str = ""
) -> AdmissionRequest:
    """A registration of guest `number`, as the door hands it to the gate. `note` stands for an Idempotency-Key."""
    email = f"Guest{number}@example.com"
    holder = tickets.email_digest(email_key(email))
    payload = pack(name=name or f"Guest {number}", email=email, email_digest=holder)
    return AdmissionRequest(key or tickets.mint(), holder, note, payload, address)


def kind(answer: Any) -> str:
    """Which answer of a script this is: its tag, or the reason of a refusal."""
    return answer.reason.value if isinstance(answer, Refused) else str(answer.__struct_config__.tag)


def kinds(reply: Any) -> list[str]:
    """Which answers a batch has got, in its order."""
    return [kind(answer) for answer in reply.answers]


def with_gate(
    servers: Services,
    work: Callable[[Gate], Any],
    *,
    queue_limit: int = 1000,
    limit: RateLimit | None = None,
    refusals: RateLimit | None = None,
) -> Any:
    """Runs one call of a gate on an event loop of its own."""

    async def run() -> Any:
        client = connect_async(servers.valkey.url())
        try:
            gate = Gate(client, queue_limit=queue_limit, address_limit=limit, refusal_limit=refusals)
            return await work(gate)
        finally:
            await client.aclose()

    return asyncio.run(run())
