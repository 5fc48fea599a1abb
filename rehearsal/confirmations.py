"""Pays for the seats of one process that are set aside: every fourth twice, which is harmless.

Guests who get a seat at once pay or do not, as planned. Those who move up from the waitlist all pay: so a rehearsal
lasts no longer than one hold.
"""

from __future__ import annotations

import msgspec

from rehearsal.crowd import Registration
from rehearsal.envelope import Envelope, decode
from rehearsal.http import Target
from rehearsal.records import ConfirmationResult, RegistrationResult, Workload
from rehearsal.retrying import RetryingConnection

TWICE = 4  # every so many-th


class _Nothing(msgspec.Struct):
    pass


_decoder = msgspec.json.Decoder(Envelope[_Nothing])
_encoder = msgspec.json.Encoder()


class Confirmations:
    """The confirmations of one process; `seen` holds the results so far."""

    def __init__(self, target: Target, workload: Workload) -> None:
        self.seen: list[ConfirmationResult] = []
        self._target = target
        self._headers = f"Content-Type: application/json\r\nAuthorization: Bearer {workload.token}\r\n"
        self._run = workload.run
        self._plans: dict[str, Registration] = {}

    def registered(self, registration: Registration, result: RegistrationResult) -> None:
        """Takes the result of a registration."""
        if result.accepted:
            self._plans[result.ticket_id] = registration

    async def held(self, connection: RetryingConnection, ticket_id: str, *, moved_up: bool = False) -> None:
        """Pays for a ticket whose seat is set aside, if its guest does."""
        plan = self._plans.pop(ticket_id, None)
        if plan is None or not (plan.pays or moved_up):
            return
        body = _encoder.encode({"payment_reference": f"rehearsal-{self._run}-{plan.number}"})
        request = self._target.request("POST", f"/registrations/{ticket_id}/confirm", headers=self._headers, body=body)
        for _ in range(2 if plan.number % TWICE == 0 else 1):
            status, answer = decode(_decoder, await connection.send(request))
            self.seen.append(ConfirmationResult(ticket_id, status, answer.code))
