"""What a drain does for the batch before while the next one is written."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import connection, transaction

from events.admission.queue import Queue
from events.models import Event
from tests.support.in_process.drain import people
from tests.support.waiting import wait_until
from worker.drain import Drain, Drained
from worker.failpoints import Failpoint

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]


@dataclass(slots=True)
class TakesTheRow:
    """Takes the event's row right after the first commit, and lets go when all but `left` entries are published."""

    event: Event
    queue: Queue
    left: int
    thread: threading.Thread | None = None
    saw: bool = False

    def __call__(self, reached: Failpoint) -> None:
        if reached != "drain.after_commit" or self.thread is not None:
            return
        taken = threading.Event()
        self.thread = threading.Thread(target=self._hold, args=(taken,))
        self.thread.start()
        assert taken.wait(100)

    def _hold(self, taken: threading.Event) -> None:
        try:
            with transaction.atomic():
                Event.objects.select_for_update().get(pk=self.event.pk)
                taken.set()
                wait_until(lambda: self.queue.lengths([self.event.pk]) == [self.left], "the first batch is published")
                self.saw = True
        finally:
            connection.close()


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one lock for the whole database")
def test_a_batch_is_published_while_the_next_one_waits_for_the_row(
    make_event: Make, admit: Any, queue: Queue, drain: Drain
) -> None:
    event = make_event()
    people(admit, event, 4)
    other = TakesTheRow(event, queue, left=2)
    assert replace(drain, batch=2, checkpoint=other).run(event.pk) is Drained.IDLE
    assert other.thread is not None
    other.thread.join(100)
    assert other.saw
