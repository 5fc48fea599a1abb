"""Any draw on real stores, with groups, types, holds, codes and a crash, against a naive one that carries the same
commands out one by one, and against the stand-alone verifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any, get_args

import pytest
import redis
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from events.domain.holds import AppliesTo, ConfirmedBy, HoldTerms
from events.domain.states import HOLDING, Status
from events.domain.times import to_ms
from events.ledger.draw import steps
from events.models import Draw, Event, Registration
from events.secrets import tickets
from tests.support.in_process.codes import give_codes, used, with_code
from tests.support.in_process.decision_log import check
from tests.support.in_process.drain import Crash, crash_at, make_queue
from tests.support.in_process.draws import draw_now, drawer
from tests.support.in_process.events import ticket_type
from tests.support.in_process.holds import MINUTE, confirm, hold
from tests.support.in_process.ticket_types import ask
from tests.support.naive_allocation import Naive
from tests.support.servers import Services
from tests.support.soak import SOAK, amount
from worker.drain import Drain, Drained
from worker.failpoints import DrainFailpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_memory")]

CODES = {"SPRING": 6, "SUMMER": 3}
MOST = 3
registers = st.tuples(st.just("register"), st.integers(0, 20), st.integers(1, MOST), st.integers(0, 1))
leaves = st.tuples(st.just("cancel"), st.integers(0, 30))
pays = st.tuples(st.just("confirm"), st.integers(0, 30))
sizes = st.tuples(st.integers(MOST, 6), st.integers(0, 12))
cases = st.fixed_dictionaries(
    {
        "types": st.lists(sizes, max_size=2),
        "size": sizes,
        "holds": st.sampled_from([None, *AppliesTo]),
        "coded": st.sampled_from([False, False, True]),
        "before": st.lists(registers, min_size=9, max_size=16, unique_by=lambda step: step[1]),
        "again": st.lists(registers, max_size=1),
        "taken_back": st.lists(leaves, max_size=3),
        "behind": st.lists(st.one_of(registers, leaves, leaves, pays), max_size=8),
        "crash": st.tuples(st.sampled_from(get_args(DrainFailpoint)), st.integers(0, 6)),
    }
)


@dataclass
class History:
    """An event and what is done to it; the naive draw is given what the queue holds."""

    event: Event
    naive: Naive
    drain: Drain
    client: redis.Redis
    admit: Callable[..., Any]
    give_back: Callable[..., Any]
    servers: Services
    coded: bool
    keys: list[str] = field(default_factory=list)

    def do(self, kind: str, number: int, quantity: int = 1, line: int = 0) -> None:
        """Has a guest ask for something; what the door refuses is no part of the history."""
        if kind != "register" and not self.keys:
            return
        if kind == "register":
            lines = [type_id for type_id in self.naive.sizes if type_id]
            type_id = lines[line % len(lines)] if lines else 0
            code = list(CODES)[number % len(CODES)]
            coded = with_code(self.event, number, code, quantity=quantity, type_id=type_id)
            asked = coded if self.coded else ask(number, type_id, quantity)
            self.keys.append(asked.key)
            self.admit(self.event.pk, [asked])
        elif kind == "cancel":
            self.give_back(self.event, self.keys[number % len(self.keys)])
        else:
            confirm(self.servers, self.event, self.keys[number % len(self.keys)])

    def decide(self) -> None:
        """Decides the whole queue."""
        for entry in make_queue(self.client).head(self.event.pk, count=1000):
            assert entry.command is not None
            self.naive.queue_ms = entry.requested_ms
            self.naive.do(entry.command)
        assert self.drain.run(self.event.pk) is Drained.IDLE

    def draw(self, failpoint: DrainFailpoint, after: int) -> None:
        """Holds the draw, with a worker that dies on the way. The order is found as any reader of the log would."""
        entered = [row["key"] for row in self.naive.rows if row["status"] is Status.ENTERED]
        assert drawer(self.client).once() == 1
        [entry] = make_queue(self.client).head(self.event.pk, count=10)
        try:
            ended = replace(self.drain, checkpoint=crash_at(failpoint, after=after)).run(self.event.pk)
        except Crash:
            ended = self.drain.run(self.event.pk)
        assert ended is Drained.IDLE
        found = Draw.objects.get(pk=self.event.pk)
        assert found.drawn_at, "the draw was not held"
        seed = sha256(bytes(found.secret) + bytes(found.sealed_root)).digest()
        id_of = tickets().id_maker(self.event.pk)
        marks = dict(Registration.objects.filter(event=self.event).values_list("ticket_key", "mark"))
        ranks = {key: sha256(seed + sha256(id_of(key, marks[key])).digest()).digest() for key in entered}
        self.naive.queue_ms = entry.requested_ms
        self.naive.draw(sorted(entered, key=lambda key: ranks[key]), entry.requested_ms)


def begin(case: dict[str, Any], make_event: Callable[..., Event]) -> tuple[Event, Naive]:
    """The event of a case, and its naive twin."""
    applies_to: AppliesTo | None = case["holds"]
    fields: dict[str, Any] = {"max_quantity": MOST, **(hold(of=applies_to.value) if applies_to else {})}
    if case["coded"]:
        fields["access"] = "code"
    if case["types"]:
        made = [
            ticket_type(f"Type {n}", seats, waitlist=line, most=MOST) for n, (seats, line) in enumerate(case["types"])
        ]
        event = make_event(draw_at=timezone.now() + timedelta(hours=1), ticket_types=made, **fields)
        lines = [found.pk for found in event.ticket_types.order_by("rank")]
        found = dict(zip(lines, case["types"], strict=True))
    else:
        seats, line = case["size"]
        event = make_event(
            draw_at=timezone.now() + timedelta(hours=1), max_capacity=seats, waitlist_capacity=line, **fields
        )
        found = {0: case["size"]}
    terms = HoldTerms(MINUTE, ConfirmedBy.HOLDER, applies_to) if applies_to else None
    return event, Naive(found, to_ms(event.end_time), to_ms(event.end_time), hold=terms)


def by_code(rows: Sequence[Registration]) -> list[int]:
    """Seats that each code's tickets have, wait for, or are in the draw with."""
    codes = sorted({row.access_code_id for row in rows if row.access_code_id})
    return [sum(row.quantity for row in rows if row.access_code_id == code) for code in codes]


# To make a failure small takes minutes, which only a soak has.
@settings(
    max_examples=amount(8, soak=300),
    phases=list(Phase) if SOAK else [Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(case=cases)
def test_any_draw_is_what_a_naive_one_comes_to(
    case: dict[str, Any],
    make_event: Callable[..., Event],
    admit: Callable[..., Any],
    give_back: Callable[..., Any],
    drain: Drain,
    redis_client: redis.Redis,
    servers: Services,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "MOVES_AT_ONCE", 3)
    monkeypatch.setattr(steps, "RANKED_AT_ONCE", 4)
    event, naive = begin(case, make_event)
    if case["coded"]:
        for code, uses in CODES.items():
            give_codes(redis_client, event, code, uses=uses)
    quick = replace(drain, batch=5, sleep=lambda seconds: None)
    history = History(event, naive, quick, redis_client, admit, give_back, servers, case["coded"])
    for step in (*case["before"], *case["again"], *case["taken_back"]):
        history.do(*step)
    draw_now(event, redis_client)
    naive.draw_ms = to_ms(event.draw_at)
    history.decide()
    history.draw(*case["crash"])
    for step in case["behind"]:
        history.do(*step)
        history.decide()
    rows = list(Registration.objects.filter(event=event))
    told = {row.ticket_key: (row.status, row.reason) for row in rows}
    assert told == {row["key"]: (row["status"].value, getattr(row["reason"], "value", "")) for row in naive.rows}
    waiting = sorted((row for row in rows if row.status == Status.WAITLISTED), key=lambda row: row.turn or row.sequence)
    assert [row.ticket_key for row in waiting] == [
        row["key"] for row in naive.rows if row["status"] is Status.WAITLISTED
    ]
    if case["coded"]:
        holding = [row for row in rows if row.status in HOLDING]
        assert [number for number in used(event) if number] == by_code(holding)
    assert check(event).problem == ""
