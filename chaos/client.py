"""One request to one door, on a connection of its own, and what is recorded of it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from chaos.history import NO_ANSWER, Call, Counts, Writer
from rehearsal.http import Connection, ConnectionLost, Response, Target, Unreadable, parse_target
from rehearsal.retrying import retry_after

ANSWER_SECONDS = 9.0


class Client:
    """Sends the crowd's requests and writes each of them down with its answer."""

    def __init__(self, doors: list[str], writer: Writer) -> None:
        self.doors = doors
        self._targets = {door: parse_target(door) for door in doors}
        self._writer = writer

    async def register(self, door: str, *, guest: int, event: int, email: str, key: str) -> tuple[Call, float]:
        """Sends a registration. Returns it, and the seconds after which the door would be asked again."""
        body = msgspec.json.encode({"name": f"Guest {guest}", "email": email})
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if key else {})}
        asked = {"op": "register", "guest": guest, "event": event, "email": email, "key": key}
        return await self._send(door, "POST", f"/events/{event}/register", asked, headers=headers, body=body)

    async def status(self, door: str, *, guest: int, event: int, ticket: str, wait: int = 0) -> tuple[Call, float]:
        """Reads a ticket, for up to `wait` seconds until it changes."""
        asked = {"op": "status", "guest": guest, "event": event, "ticket": ticket}
        return await self._send(door, "GET", f"/registrations/{ticket}" + (f"?wait={wait}" if wait else ""), asked)

    async def cancel(self, door: str, *, guest: int, event: int, ticket: str) -> tuple[Call, float]:
        asked = {"op": "cancel", "guest": guest, "event": event, "ticket": ticket}
        return await self._send(door, "DELETE", f"/registrations/{ticket}", asked)

    async def look_at(self, door: str, event: int) -> None:
        """Reads an event's counts; nothing is recorded if the door does not answer."""
        began = time.monotonic()
        response = await self._exchange(self._targets[door], "GET", f"/events/{event}")
        if response is not None and response.status == 200:
            data = msgspec.json.decode(response.body)["data"]
            self._writer.write(
                Counts(event=event, at=began, capacity=data["max_capacity"], confirmed=data["confirmed_count"])
            )

    async def _send(
        self,
        door: str,
        method: str,
        path: str,
        asked: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> tuple[Call, float]:
        began = time.monotonic()
        response = await self._exchange(self._targets[door], method, path, headers or {}, body)
        call = _call(asked, response, door=door, began=began)
        self._writer.write(call)
        return call, retry_after(response, default=0.5) if response else 0.5

    async def _exchange(
        self, target: Target, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response | None:
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items()) + "Connection: close\r\n"
        connection = None
        try:
            connection = await Connection.open(target, seconds=ANSWER_SECONDS)
            request = target.request(method, path, headers=lines, body=body)
            return await connection.exchange(request, seconds=ANSWER_SECONDS)
        except (ConnectionLost, Unreadable):
            return None
        finally:
            if connection is not None:
                connection.close()


def _call(asked: Mapping[str, Any], response: Response | None, *, door: str, began: float) -> Call:
    common = {**asked, "door": door, "began": began, "ended": time.monotonic()}
    if response is None:
        return Call(**common, status=NO_ANSWER)
    return Call(**{**common, **_content(response)}, status=response.status)


def _content(response: Response) -> dict[str, Any]:
    """Returns what an answer says of the ticket, or the code of the refusal."""
    try:
        answer = msgspec.json.decode(response.body)
    except msgspec.DecodeError:
        return {"code": "unreadable"}
    data = answer.get("data")
    if not answer.get("success") or not isinstance(data, dict):
        return {"code": str(answer.get("code", ""))}
    return {
        "ticket": data["ticket_id"],
        "state": data["status"],
        "reason": data.get("reason"),
        "sequence": data.get("sequence"),
    }
