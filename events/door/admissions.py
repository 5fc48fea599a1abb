"""Batches of registrations: those of all events that arrive while a call is in flight go out together in the next one.

prepared registrations -> by event -> one call of the gate -> a result for each, in their order
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from events.admission.errors import EventNotLoaded, QueueUnavailable
from events.admission.gate import Gate
from events.admission.replies import Admission, AdmitReply, Admitted, AlreadyDecided, AlreadyQueued
from events.admission.requests import AdmissionRequest
from events.domain.rate_limit import Quota
from events.domain.tickets import reference
from events.door.admitted_log import AdmittedLog
from events.door.loader import Loader
from events.door.loading_batchers import LoadingBatchers
from events.door.prepare import Prepared
from omnify.common import metrics
from omnify.common.batcher import Waiter
from omnify.common.metrics import BufferedHistogram

AdmitSeveral = Callable[
    [Mapping[int, Sequence[AdmissionRequest]]], Awaitable[list[AdmitReply | EventNotLoaded | QueueUnavailable]]
]


def as_it_is(call: AdmitSeveral) -> AdmitSeveral:
    """Returns the call itself, where nothing is to be done around it."""
    return call


class AdmissionResult(msgspec.Struct, frozen=True, gc=False):
    """The answer to one registration, what its address has left (None: not limited), and what the batch had in common:
    the time (ms) and the rate (decisions per second). `may_be_behind`: clients may have seen more of this ticket."""

    answer: Admission
    quota: Quota | None
    now_ms: int
    rate: float
    may_be_behind: bool = False


class Admissions:
    """Admits registrations of all events, with one batcher for each server of the queue (`Gate.lane_of`).

    A batcher for each event would make more and smaller calls, and a call costs as much as eight registrations in it.
    `around` is given the gate's call, and returns what is called in its place (`events.door.traced`).
    """

    def __init__(
        self,
        *,
        gate: Gate,
        loader: Loader,
        wake: Callable[[int], None],
        around: Callable[[AdmitSeveral], AdmitSeveral] = as_it_is,
    ) -> None:
        self._admit_several = around(gate.admit_several)
        self._wake = wake
        self._log = AdmittedLog()
        self._seconds = BufferedHistogram(metrics.ADMISSION_SECONDS)
        self._sizes = BufferedHistogram(metrics.ADMISSION_BATCH)
        self._batchers = LoadingBatchers[Prepared, AdmissionResult](loader, self._admit, lane_of=gate.lane_of)

    async def ask(self, prepared: Prepared) -> AdmissionResult | None:
        """Returns the result for one registration, None if there is no such event.

        Raises QueueUnavailable, DatabaseUnavailable.
        """
        return await self._batchers.ask(prepared.event_id, prepared)

    async def load_and_ask(self, prepared: Prepared) -> AdmissionResult | None:
        """Does the same for an event of which Redis has no copy, or an incomplete one."""
        return await self._batchers.load_and_ask(prepared.event_id, prepared)

    def put(self, prepared: Prepared, waiter: Waiter[AdmissionResult]) -> None:
        """Has `waiter` told the result, EventNotLoaded or QueueUnavailable."""
        self._batchers.put(prepared.event_id, prepared, waiter)

    def flush(self) -> None:
        """Writes what was kept for the log and the metrics."""
        for kept in (self._log, self._seconds, self._sizes):
            kept.flush()

    async def _admit(self, lane: int, batch: list[Prepared]) -> list[AdmissionResult | Exception]:
        requests = _by_event(batch)
        started = time.perf_counter()
        replies = await self._admit_several(requests)
        self._seconds.observe(time.perf_counter() - started)
        self._sizes.observe(len(batch))
        results = {
            event_id: self._results(event_id, of_event, reply)
            for (event_id, of_event), reply in zip(requests.items(), replies, strict=True)
        }
        if len(results) == 1:
            return results[batch[0].event_id]
        each = {event_id: iter(found) for event_id, found in results.items()}
        return [next(each[prepared.event_id]) for prepared in batch]

    def _results(
        self, event_id: int, requests: list[AdmissionRequest], reply: AdmitReply | EventNotLoaded | QueueUnavailable
    ) -> list[AdmissionResult | Exception]:
        """Returns what each registration of one event gets, in their order."""
        if isinstance(reply, Exception):
            return [reply] * len(requests)
        if reply.wake:
            self._wake(event_id)
        self._log_admitted(event_id, requests, reply)
        now_ms, rate = reply.now_ms, reply.rate
        pairs = zip(reply.answers, reply.quotas(), strict=True)
        results = [AdmissionResult(answer, quota, now_ms, rate) for answer, quota in pairs]
        return [_marked(result) if reply.may_be_behind else result for result in results]

    def _log_admitted(self, event_id: int, requests: list[AdmissionRequest], reply: AdmitReply) -> None:
        pairs = zip(requests, reply.answers, strict=True)
        refs = [
            reference(event_id, request.admitted_key(answer.name) if answer.name else request.key)
            for request, answer in pairs
            if type(answer) is Admitted
        ]
        if refs:
            self._log.add(event_id, refs)


def _by_event(batch: list[Prepared]) -> dict[int, list[AdmissionRequest]]:
    """Sorts registrations by event, in their order. Nearly always there is one, which costs half as much."""
    if len({prepared.event_id for prepared in batch}) == 1:
        return {batch[0].event_id: [prepared.request for prepared in batch]}
    requests: dict[int, list[AdmissionRequest]] = {}
    for prepared in batch:
        requests.setdefault(prepared.event_id, []).append(prepared.request)
    return requests


def _marked(result: AdmissionResult) -> AdmissionResult:
    """Marks an answer of a server that has just taken over, if it says a status: no one has seen a new ticket yet."""
    is_known = isinstance(result.answer, AlreadyQueued | AlreadyDecided)
    return msgspec.structs.replace(result, may_be_behind=True) if is_known else result
