"""A drain's turn with traces: spans for a batch that has traced registrations in it. Imported only where tracing is on.

    decide batch   of the batch, in a trace of its own, with a link to the span of each traced registration
      commit       of its transaction
      publish      of what the door sees of it
    decide         of each traced registration, in the trace of that, with a link to the batch. Its context is written
                   with the decision, for webhooks and mails (`events.ledger.traces`)

A batch without a traced registration costs one look at each of its commands. Where a drain is killed its spans are
lost; the next drain decides the batch again, with spans of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

from opentelemetry.trace import Span, SpanKind

from events.admission.entry import Entry
from events.domain.commands import Command, Request
from events.domain.outcome import Outcome
from events.domain.tickets import reference
from events.ledger.traces import write_traces
from events.ledger.write import Committed
from omnify.common.tracing import Attributes, Traces, fail, from_bytes, to_bytes
from worker.pipeline import Pipeline, _Head


class _Batch:
    """The spans of one batch: its own, and one for each traced ticket, by key."""

    def __init__(self, traces: Traces, event_id: int, commands: Sequence[Command], traced: Sequence[Request]) -> None:
        self._event_id = event_id
        callers = [from_bytes(request.trace) for request in traced]
        said: Attributes = {"omnify.event_id": str(event_id), "messaging.batch.message_count": len(commands)}
        self.span = traces.start("decide batch", SpanKind.CONSUMER, links=callers, attributes=said)
        own = [self.span.get_span_context()]
        self.tickets = {
            request.key: traces.start(
                "decide",
                SpanKind.CONSUMER,
                parent=caller,
                links=own,
                attributes={
                    "omnify.event_id": str(event_id),
                    "omnify.reference": reference(event_id, request.key),
                    "omnify.sequence": request.sequence,
                },
            )
            for request, caller in zip(traced, callers, strict=True)
        }

    @property
    def contexts(self) -> Mapping[str, bytes]:
        """The contexts of the tickets' spans."""
        return {key: to_bytes(span.get_span_context()) for key, span in self.tickets.items()}

    def end(self, outcomes: Sequence[Outcome]) -> None:
        """Ends all, with what was decided."""
        for outcome in outcomes:
            span = self.tickets.pop(outcome.key, None)
            if span is not None:
                span.set_attribute("omnify.status", outcome.status.value)
                if outcome.reason:
                    span.set_attribute("omnify.reason", outcome.reason.value)
                span.end()
        # What is not decided yet: it stays in the queue, behind a command that is not finished.
        self._fail_tickets("undecided")
        self.span.end()

    def fail(self, problem: BaseException | str) -> None:
        """Ends all with an error."""
        self._fail_tickets(problem)
        fail(self.span, problem)

    def _fail_tickets(self, problem: BaseException | str) -> None:
        for span in self.tickets.values():
            fail(span, problem)
        self.tickets.clear()


@dataclass(kw_only=True)
class TracedPipeline(Pipeline):
    """One drain's turn at one event, with spans."""

    traces: Traces
    # Committed and not yet announced, in that order; None for one without a traced registration.
    _committed: deque[_Batch | None] = field(default_factory=deque)
    _deciding: _Batch | None = None

    def decide(self, entries: Sequence[Entry]) -> bool:
        """Does the same. What is committed and cannot be announced is left to the next drain."""
        try:
            return super().decide(entries)
        finally:
            for batch in self._committed:
                if batch is not None:
                    batch.fail("unpublished")
            self._committed.clear()

    def _commit(self, head: _Head, writing: Event) -> Committed:
        traced = [command for command in head.commands if type(command) is Request and command.trace]
        if not traced:
            done = super()._commit(head, writing)
            self._committed.append(None)
            return done
        batch = self._deciding = _Batch(self.traces, self.event_id, head.commands, traced)
        span = self._begin(batch, "commit", SpanKind.INTERNAL)
        try:
            done = super()._commit(head, writing)
        except BaseException as problem:
            fail(span, problem)
            batch.fail(problem)
            raise
        finally:
            self._deciding = None
        span.end()
        self._committed.append(batch)
        return done

    def _before_commit(self) -> None:
        if self._deciding is not None:
            write_traces(self.event_id, self._deciding.contexts, now=datetime.now(UTC))
        super()._before_commit()

    def _announce(
        self, done: Committed, entries: Sequence[Entry], started: float, before_ms: int, writing: Event
    ) -> None:
        batch = self._committed.popleft()
        if batch is None:
            super()._announce(done, entries, started, before_ms, writing)
            return
        span = self._begin(batch, "publish", SpanKind.CLIENT)
        try:
            super()._announce(done, entries, started, before_ms, writing)
        except BaseException as problem:
            fail(span, problem)
            batch.fail(problem)
            raise
        span.end()
        batch.end(done.outcomes)

    def _begin(self, batch: _Batch, name: str, kind: SpanKind) -> Span:
        return self.traces.start(name, kind, parent=batch.span.get_span_context())
