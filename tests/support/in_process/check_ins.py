"""Checking in and undoing it, and what the door shows of it."""

from __future__ import annotations

from typing import Any

from events.admission.calls import CancelRequest
from events.domain.tickets import ticket_ref
from events.ledger.check_in import CheckInResult
from events.models import Event
from events.services import check_ins
from tests.support.in_process.door import Visitor, visit
from tests.support.in_process.events import tickets
from tests.support.in_process.gate import kinds, with_gate
from tests.support.servers import Services


def let_in(event: Event, key: str) -> CheckInResult:
    return check_ins.check_in(event_id=event.pk, key=key, organizer_id=event.organizer_id).result


def take_back(event: Event, key: str) -> CheckInResult:
    return check_ins.undo_check_in(event_id=event.pk, ref=ticket_ref(key), organizer_id=event.organizer_id).result


def give_back(servers: Services, event: Event, key: str) -> str:
    requests = [CancelRequest(key, held_in_ledger=False)]
    [answer] = kinds(with_gate(servers, lambda gate: gate.cancel(event.pk, requests)))
    return answer


def path(event: Event, key: str) -> str:
    return f"/registrations/{tickets.ticket_id(event_id=event.pk, key=key)}"


def shown(servers: Services, event: Event, key: str) -> str | None:
    async def scene(visitor: Visitor) -> Any:
        return (await visitor.ask("GET", path(event, key)))[2]["data"]["checked_in_at"]

    found: str | None = visit(servers, scene)
    return found
