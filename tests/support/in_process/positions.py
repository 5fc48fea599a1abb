"""Positions on the waitlist, as the door reads them."""

from __future__ import annotations

from typing import Any

from events.door.catch_up import CatchUp
from events.door.ticket_status import TicketStatus, TicketStatusReader
from events.models import Event
from tests.support.in_process.door import NoLoader
from tests.support.in_process.gate import with_gate
from tests.support.servers import Services


def stand(servers: Services, event: Event, *keys: str, loader: Any = None) -> list[TicketStatus]:
    """Where these tickets stand, as the door reads it."""

    async def read(gate: Any) -> list[TicketStatus]:
        loads = loader or NoLoader()
        reader = TicketStatusReader(gate=gate, loader=loads, catch_up=CatchUp(gate=gate, loader=loads))
        one_by_one = [await reader.read(event.pk, key) for key in keys]
        together = await reader.read_all(event.pk, keys)
        assert [together[key] for key in keys] == one_by_one
        return one_by_one

    found: list[TicketStatus] = with_gate(servers, read)
    return found


def places(servers: Services, event: Event, *keys: str, loader: Any = None) -> list[int | None]:
    return [ticket.position for ticket in stand(servers, event, *keys, loader=loader)]
