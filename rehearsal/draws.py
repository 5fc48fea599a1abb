"""Rehearses draws: the same small event many times over, all drawn at one moment, and what their logs prove.

Not the crowd of `rehearsal.runner`: what counts here is not speed but chance, and that takes many draws.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx

from events.domain.states import Status
from rehearsal.draw_proofs import DRAW_PROOFS, DrawSeen
from rehearsal.http import trusted
from rehearsal.options import Options
from rehearsal.organizer import TIMEOUT, Unusable
from rehearsal.proofs import EXAMPLES, Proof

GUESTS, SEATS = 20, 8
# How long there is before the draws: for each event and its guests, and at least. A busy machine needs it.
SECONDS_FOR_A_DRAW, LEAST_SECONDS = 1.2, 10.0
CALLERS, WIDTH, PAUSE = 8, 256, 0.5


def rehearse_draws(options: Options) -> list[Proof]:
    """Holds `options.draws` draws, and returns what they prove.

    Raises:
        Unusable: the service, the token or its responses cannot be used, or the draws are not held in time.
    """
    with httpx.Client(base_url=options.url, timeout=TIMEOUT, trust_env=False, verify=trusted()) as client:
        caller = _Caller(client, options)
        try:
            return prove_draws(caller.hold())
        except httpx.HTTPError as problem:
            raise Unusable(f"the service at {options.url} does not respond ({problem})") from problem


def prove_draws(draws: Sequence[DrawSeen]) -> list[Proof]:
    """Returns all proofs about draws."""
    return [_proof(name, check, draws) for name, check in DRAW_PROOFS]


def _proof(name: str, check: Callable[[Sequence[DrawSeen]], Iterator[str]], draws: Sequence[DrawSeen]) -> Proof:
    found = list(islice(check(draws), EXAMPLES))
    said = "; ".join(found) if found else f"{(check.__doc__ or '').strip()} {len(draws)} draws."
    return Proof(name, not found, said)


class _Caller:
    """The calls, by several threads: the draws are at one moment, and all must have registered before."""

    def __init__(self, client: httpx.Client, options: Options) -> None:
        self._client, self._options = client, options
        self._token = {"Authorization": f"Bearer {options.token}"}

    def hold(self) -> list[DrawSeen]:
        draws = self._options.draws
        lead = max(LEAST_SECONDS, draws * SECONDS_FOR_A_DRAW)
        at = datetime.now(UTC) + timedelta(seconds=lead)
        with ThreadPoolExecutor(CALLERS, thread_name_prefix="draws") as pool:
            events = list(pool.map(lambda number: self._create(number, at), range(draws)))
            tickets = list(pool.map(self._register, events))
            time.sleep(max(0.0, (at - datetime.now(UTC)).total_seconds()))
            list(pool.map(self._come_late, events))
            return list(pool.map(self._see, events, tickets))

    def _create(self, number: int, at: datetime) -> int:
        start = at + timedelta(days=1)
        body = {
            "name": f"Rehearsal of draw {number + 1}",
            "location": "Rehearsal",
            "max_capacity": SEATS,
            "start_time": start.isoformat(),
            "end_time": (start + timedelta(hours=1)).isoformat(),
            "mail": False,
            "admission": "draw",
            "draw_at": at.isoformat(),
        }
        return int(self._data(self._client.post("/events", json=body, headers=self._token), 201)["id"])

    def _register(self, event_id: int) -> list[str]:
        return [str(self._data(self._guest(event_id, number), 202)["ticket_id"]) for number in range(GUESTS)]

    def _come_late(self, event_id: int) -> None:
        """Sends one more guest, whatever the answer is: the log must not have that one in the draw."""
        self._guest(event_id, GUESTS)

    def _guest(self, event_id: int, number: int) -> httpx.Response:
        body = {"name": f"Guest {number}", "email": f"guest{number}@example.org"}
        return self._client.post(f"/events/{event_id}/register", json=body, headers=self._token)

    def _see(self, event_id: int, tickets: list[str]) -> DrawSeen:
        self._wait(event_id)
        told = {one: Status(self._data(self._client.get(f"/registrations/{one}"), 200)["status"]) for one in tickets}
        return DrawSeen(SEATS, self._log(event_id), tickets, told)

    def _wait(self, event_id: int) -> None:
        until = time.monotonic() + self._options.patience
        while self._data(self._client.get(f"/events/{event_id}"), 200)["draw_state"] != "drawn":
            if time.monotonic() > until:
                raise Unusable(f"the draw of event {event_id} was not held in {self._options.patience} s")
            time.sleep(PAUSE)

    def _log(self, event_id: int) -> list[bytes]:
        checkpoint = self._client.get(f"/events/{event_id}/log/checkpoint")
        if checkpoint.status_code != 200:
            raise Unusable(f"the log of event {event_id} cannot be read: {checkpoint.status_code}")
        size = int(checkpoint.text.split("\n")[1])
        if size > WIDTH:
            raise Unusable(f"the log of event {event_id} is longer than its guests can make it")
        bundle = self._client.get(f"/events/{event_id}/log/tile/entries/000{'' if size == WIDTH else f'.p/{size}'}")
        return list(_unbundle(bundle.content))

    def _data(self, response: httpx.Response, expected: int) -> Any:
        if response.status_code == 401:
            raise Unusable(f"the service at {self._options.url} refuses this organizer token")
        if response.status_code != expected:
            raise Unusable(f"{response.request.url.path}: {response.status_code} instead of {expected}")
        return response.json()["data"]


def _unbundle(bundle: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2])
        yield bundle[at + 2 : end]
        at = end
