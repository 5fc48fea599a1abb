"""Slots of keys and commands, and the map of them."""

from __future__ import annotations

import pytest
from redis.crc import key_slot

from events.admission import keys as k
from events.admission.keys import event_keys
from omnify.common.redis_slots import SLOTS, SlotMap, slot_of, slot_of_command


@pytest.mark.parametrize("key", ["omnify:sweep", "{event:7}:queue", "a{b}c", "{}x", "a{b", "a{}{c}", "}{", "{{a}}", ""])
def test_a_key_has_the_slot_that_redis_py_gives_it(key: str) -> None:
    assert slot_of(key) == key_slot(key.encode())


def test_all_keys_and_the_channel_of_an_event_share_a_slot() -> None:
    keys = event_keys(7)
    assert len({slot_of(name) for name in (*keys.all(), keys.news)}) == 1


def test_copies_of_what_belongs_to_no_event_are_on_three_nodes() -> None:
    for name in (k.WORKERS, k.SWEEP, k.DELIVER):
        assert [slot_of(copy) * 3 // SLOTS for copy in k.copies(name)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("command", "key"),
    [
        (("GET", "a"), "a"),
        (("EVALSHA", "digest", 2, "a", "b", "argument"), "a"),
        (("XRANGE", b"a", "-", "+"), "a"),
        (("EVAL", "return 1", 0), None),
        (("TIME",), None),
        (("CLUSTER", "SLOTS"), None),
        (("CONFIG GET", "appendonly"), None),
    ],
)
def test_a_command_belongs_to_the_slot_of_its_first_key(command: tuple[object, ...], key: str | None) -> None:
    assert slot_of_command(command) == (None if key is None else slot_of(key))


def test_the_map_takes_over_what_nodes_say() -> None:
    slots = SlotMap()
    assert slots[5] is None
    reply = [
        [0, 99, [b"one", 7000, b"id", []], [b"replica", 7001, b"id", []]],
        [100, SLOTS - 1, [b"", 7002, b"id", []]],
    ]
    slots.replace(reply, asked=("two", 7002))
    assert (slots[99], slots[100]) == (("one", 7000), ("two", 7002))
    slots.learn(99, ("three", 7003))
    assert slots.masters() == [("one", 7000), ("three", 7003), ("two", 7002)]
