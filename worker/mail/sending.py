"""The threads that render and send: each has a transport of its own, and takes the mails of one ticket after another.

They touch no database. What came of a mail goes to `done`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence

from django.core.mail import EmailMessage

from events.domain.mail.message_id import message_id
from omnify.common import metrics
from omnify.common.logs import get_logger
from worker.mail.answers import Answer, Verdict
from worker.mail.breaker import Breaker
from worker.mail.context import RELEASED, MailContext, Result
from worker.mail.deciding import Addressed
from worker.mail.message import make_message
from worker.mail.transports import Transport

logger = get_logger(__name__)

_IDLE_SECONDS = 5.0
# A connection that the server refuses while it serves others is tried again after this.
_REFUSED_SECONDS = 5.0

Job = list[Addressed]

_HELD_BACK = {
    Verdict.UNREACHABLE: "the mail server is out of reach, or refuses this service",
    Verdict.BUSY: "the mail server is busy",
}


class Senders:
    """A thread for each transport. `done` is called in them, for each mail of a job."""

    def __init__(
        self, context: MailContext, transports: Sequence[Transport], *, breaker: Breaker, done: Callable[[Result], None]
    ) -> None:
        self._context, self._breaker, self._done = context, breaker, done
        # Not a SimpleQueue: with several readers, one that waits with a timeout may wait without an end (3.11).
        self._jobs: queue.Queue[Job] = queue.Queue()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(transport,), name=f"mail-{number}", daemon=True)
            for number, transport in enumerate(transports, start=1)
        ]

    def start(self) -> None:
        """Starts the threads."""
        for thread in self._threads:
            thread.start()

    def add(self, job: Job) -> None:
        """Hands over the mails about one ticket."""
        self._jobs.put(job)

    def stop(self, *, seconds: float) -> None:
        """Begins no further mail, and waits for those under way."""
        self._stopping.set()
        ends = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _run(self, transport: Transport) -> None:
        while not self._stopping.is_set():
            try:
                job = self._jobs.get(timeout=_IDLE_SECONDS / self._context.haste)
            except queue.Empty:
                transport.close()
                continue
            self._work(transport, job)
        transport.close()

    def _work(self, transport: Transport, job: Job) -> None:
        """Sends a ticket's mails, in order; after one that was not sent the later ones wait."""
        for place, one in enumerate(job):
            if self._stopping.is_set() or self._breaker.seconds_left:
                return self._release(job[place:])
            started, started_at = time.monotonic(), self._context.clock()
            answer = self._attempt(transport, one)
            if answer.verdict is Verdict.UNREACHABLE and self._breaker.server_alive:
                self._jobs.put(job[place:])
                self._stopping.wait(_REFUSED_SECONDS / self._context.haste)
                return None
            self._breaker.note(answer.verdict, retry_after=answer.retry_after)
            if answer.verdict in (Verdict.UNREACHABLE, Verdict.BUSY):
                logger.throttled_warning(_HELD_BACK[answer.verdict], problem=answer.error, status=answer.status)
                return self._release(job[place:], answer)
            metrics.MAIL_SECONDS.observe(time.monotonic() - started)
            ended = self._context.clock()
            result = answer.verdict.value, answer.status, answer.error, ended, None, started_at
            self._done(Result(one.mail, *result))
            if answer.verdict in (Verdict.LATER, Verdict.BROKEN):
                return self._release(job[place + 1 :])
        return None

    def _release(self, job: Job, answer: Answer | None = None) -> None:
        wait = self._breaker.seconds_left or None
        for one in job:
            why = answer or Answer(Verdict.UNREACHABLE)
            self._done(Result(one.mail, RELEASED, why.status, why.error, wait_seconds=wait))

    def _attempt(self, transport: Transport, one: Addressed) -> Answer:
        try:
            message = self._message(one)
        except Exception as problem:
            # Whatever is wrong with one mail must not keep the others from being sent.
            logger.error("a mail cannot be rendered", kind=one.mail.kind, problem=type(problem).__name__)
            return Answer(Verdict.FAILED, "", "rendering")
        try:
            return transport.send(message)
        except Exception as problem:
            logger.error("a mail cannot be sent", kind=one.mail.kind, problem=type(problem).__name__)
            return Answer(Verdict.BROKEN, "", "message")

    def _message(self, one: Addressed) -> EmailMessage:
        context, mail = self._context, one.mail
        named = message_id(
            kind=one.letter.kind,
            event_id=mail.event_id,
            ticket_key=mail.ticket_key,
            revision=mail.revision,
            host=context.host,
        )
        rendered = context.render(one.letter)
        return make_message(rendered, to=one.to, sender=context.sender, reply_to=context.reply_to, message_id=named)
