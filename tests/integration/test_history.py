"""The last day of an event in steps: noted with each batch, once, and read by the organizer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec
import pytest
import redis

from events.admission.history import LEVELS, LONGEST_HOURS, Step, last_steps, level_of
from events.admission.keys import HISTORY_TTL_SECONDS, event_keys
from events.admission.requests import More
from events.models import Event
from tests.support.in_process.api import body as create_body
from tests.support.in_process.api import organizer
from tests.support.in_process.drain import Crash, crash_at, people
from tests.support.in_process.gate import apply_for
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
HOURS = (1, 6, 24)  # one of each level


def total(client: redis.Redis, event: Event, hours: int = 1) -> dict[str, int]:
    """What all steps together say; a test may run over the end of one."""
    found: dict[str, int] = {"admitted": 0}
    for step in last_steps(client, event.pk, hours=hours):
        found["admitted"] += step.admitted
        for name, number in step.decided.items():
            found[name] = found.get(name, 0) + number
    return found


def put(client: redis.Redis, event: Event, level: int, at: int) -> None:
    """A step of one ticket that was admitted and confirmed at a time, as a drain would have noted it."""
    letter, seconds, steps = LEVELS[level]
    step = Step(at=at, admitted=1, queued=0, confirmed=1, held=0, waitlisted=0, decided={"confirmed": 1})
    history = event_keys(event.pk).history
    client.hset(history, f"{letter}{at // seconds % steps}", msgspec.json.encode(step))
    client.expire(history, HISTORY_TTL_SECONDS)


def now(client: redis.Redis) -> int:
    seconds: int = client.time()[0]  # type: ignore[index]
    return seconds


def test_levels_grow_coarser_and_longer_and_the_last_has_a_day() -> None:
    for finer, coarser in pairwise(LEVELS):
        assert coarser.seconds % finer.seconds == 0
        assert coarser.span > finer.span
    assert [level_of(hours).seconds for hours in (1, 2, 6, 7, 24)] == [10, 60, 60, 600, 600]
    assert (LONGEST_HOURS, LEVELS[-1].span < HISTORY_TTL_SECONDS) == (24, True)


def test_each_batch_is_noted_once_with_what_was_admitted_and_decided(
    make_event: Make, admit: Any, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=9)
    people(admit, event, 5)
    replace(drain, batch=2).run(event.pk)
    people(admit, event, 2, first=20)
    for failpoint, more in (("drain.after_commit", 1), ("drain.after_publish", 3)):
        with pytest.raises(Crash):
            replace(drain, checkpoint=crash_at(failpoint)).run(event.pk)
        redis_client.delete(event_keys(event.pk).lease)
        people(admit, event, more, first=30 * more)
    drain.run(event.pk)
    for hours in HOURS:
        assert total(redis_client, event, hours) == {"admitted": 11, "confirmed": 9, "sold_out": 2}
        last = last_steps(redis_client, event.pk, hours=hours)[-1]
        assert last.at % level_of(hours).seconds == 0
        assert (last.queued, last.confirmed, last.held, last.waitlisted) == (0, 9, 0, 0)


@pytest.mark.parametrize("kind", ["registration", "cancellation"])
def test_what_was_admitted_before_anything_was_noted_is_not_counted(
    kind: str, make_event: Make, admit: Any, give_back: Any, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event()
    [key] = people(admit, event, 1)
    drain.run(event.pk)
    redis_client.hdel(event_keys(event.pk).state, "noted")
    redis_client.delete(event_keys(event.pk).history)
    if kind == "registration":
        people(admit, event, 2, first=5)
    else:
        give_back(event, key)
    drain.run(event.pk)
    assert total(redis_client, event)["admitted"] == (2 if kind == "registration" else 1)


def test_a_step_takes_the_place_of_the_one_that_is_too_old(
    make_event: Make, admit: Any, drain: Drain, redis_client: redis.Redis
) -> None:
    """However long a sale goes on, the rings have as many steps as places; what is older is not read."""
    event, today = make_event(), now(redis_client)
    for number, level in enumerate(LEVELS):
        for place in range(level.steps):
            put(redis_client, event, number, (today // level.seconds - level.steps - place) * level.seconds)
    history = event_keys(event.pk).history
    places = sum(level.steps for level in LEVELS)
    assert redis_client.hlen(history) == places
    assert [last_steps(redis_client, event.pk, hours=hours) for hours in HOURS] == [[], [], []]
    people(admit, event, 1)
    drain.run(event.pk)
    assert [total(redis_client, event, hours) for hours in HOURS] == [{"admitted": 1, "confirmed": 1}] * 3
    assert redis_client.hlen(history) <= places + 1
    assert HISTORY_TTL_SECONDS - 60 < redis_client.ttl(history) <= HISTORY_TTL_SECONDS  # type: ignore[operator]


def test_as_many_hours_are_read_as_are_wanted(make_event: Make, redis_client: redis.Redis) -> None:
    event, today = make_event(), now(redis_client)
    for level, ago in ((0, 3000), (1, 3 * 3600), (2, 20 * 3600), (2, 10 * 3600)):
        put(redis_client, event, level, (today - ago) // LEVELS[level].seconds * LEVELS[level].seconds)
    found = {hours: len(last_steps(redis_client, event.pk, hours=hours)) for hours in (1, 2, 6, 7, 12, 24)}
    assert found == {1: 1, 2: 0, 6: 1, 7: 0, 12: 1, 24: 2}


def test_steps_have_what_is_held(make_event: Make, admit: Any, drain: Drain, redis_client: redis.Redis) -> None:
    held = make_event(hold_seconds=600, hold_confirmed_by="holder", hold_applies_to="all")
    people(admit, held, 2)
    drain.run(held.pk)
    last = last_steps(redis_client, held.pk)[-1]
    assert (last.held, last.confirmed, last.types, total(redis_client, held)["held"]) == (2, 0, {}, 2)


def test_the_organizer_reads_the_steps_with_ticket_types_unless_they_are_not_wanted(admit: Any, drain: Drain) -> None:
    owner = organizer()
    types = [{"name": "Hall", "capacity": 2, "waitlist_capacity": 5}, {"name": "Balcony", "capacity": 2}]
    sent = {name: value for name, value in create_body(ticket_types=types).items() if name != "max_capacity"}
    made = owner.post("/events", sent).json()["data"]
    event, [hall, balcony] = Event.objects.get(pk=made["id"]), [one["id"] for one in made["ticket_types"]]
    plain = [apply_for(number) for number in (1, 2, 3)]
    admit(event.pk, [msgspec.structs.replace(one, more=More(type_id=hall)) for one in plain])
    drain.run(event.pk)
    path = f"/events/{event.pk}/stats"
    for query, seconds in (("", 10), ("?hours=1", 10), ("?hours=5", 60), ("?hours=24", 600)):
        data = owner.get(path + query).json()["data"]
        decided = [step["decided"] for step in data["steps"]]
        assert data["step_seconds"] == seconds
        assert sum(step.get("confirmed", 0) for step in decided) == 2
        assert sum(step.get("waitlisted", 0) for step in decided) == 1
        assert data["steps"][-1]["ticket_types"] == [
            {"id": hall, "taken": 2, "waitlisted": 1},
            {"id": balcony, "taken": 0, "waitlisted": 0},
        ]
    assert owner.get(f"{path}?steps=false&hours=24").json()["data"]["steps"] == []
    assert owner.get(f"{path}?steps=no").json()["errors"] == {"steps": ["true or false."]}
    for hours in ("0", "25", "1.5", "x", "", "01"):
        assert owner.get(f"{path}?hours={hours}").json()["errors"] == {"hours": ["A whole number from 1 to 24."]}


def test_a_step_that_is_over_is_in_the_longer_ones_once(
    make_event: Make, admit: Any, drain: Drain, redis_client: redis.Redis
) -> None:
    """The last step is added to them by the reader, until the next one begins."""
    event = make_event()
    history = event_keys(event.pk).history
    for number in range(1, 4):
        people(admit, event, 1, first=number)
        drain.run(event.pk)
        assert [total(redis_client, event, hours)["confirmed"] for hours in HOURS] == [number] * 3
        # As if the step were older by a minute: the next batch begins another one.
        place = redis_client.hget(history, "open")
        step = msgspec.json.decode(redis_client.hget(history, place))  # type: ignore[arg-type]
        earlier = step["at"] - 60 * number
        letter, seconds, steps = LEVELS[0]
        moved = f"{letter}{earlier // seconds % steps}"
        redis_client.hdel(history, place)  # type: ignore[arg-type]
        redis_client.hset(history, mapping={moved: msgspec.json.encode({**step, "at": earlier}), "open": moved})
    assert [len(last_steps(redis_client, event.pk, hours=hours)) for hours in (1, 6)] == [3, 3]
