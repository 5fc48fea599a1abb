"""Commands of a Cluster's client that are sent together, to each node those of its keys."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import redis
from redis.client import Pipeline
from redis.exceptions import AskError, RedisError, TryAgainError

from omnify.common.redis_slots import slot_of_command

if TYPE_CHECKING:
    from omnify.common.redis_cluster import ClusterClient

Command = tuple[tuple[Any, ...], dict[str, Any]]
_REFUSED = (AskError, TryAgainError)  # a MovedError is an AskError


class ClusterPipeline(Pipeline):
    """Commands that are sent when `execute` is called. One without a key (TIME) goes where the one before it goes."""

    def __init__(self, client: ClusterClient, *, transaction: bool) -> None:
        super().__init__(client.connection_pool, client.response_callbacks, transaction, None)
        self._client = client
        self._is_transaction = transaction

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Sends all commands. Returns what each replies; with `raise_on_error` the first error is raised, else errors
        are among the replies."""
        commands = self.command_stack
        self.reset()
        slots = _slots(commands)
        results: list[Any] = [None] * len(commands)
        # What a WAIT waits for must have been executed on its own connection.
        inseparable = self._is_transaction or any(args[0] == "WAIT" for args, _ in commands)
        execute = self._inseparable if inseparable else self._together
        for places in _grouped(slots if inseparable else [self._node_of(slot) for slot in slots]):
            part = [commands[place] for place in places]
            for place, result in zip(places, execute(slots[places[0]], part), strict=True):
                results[place] = result
        if raise_on_error:
            _raise_first(results)
        return results

    def _node_of(self, slot: int) -> Hashable:
        return _result(lambda: self._client.topology.owner(slot))  # type: ignore[no-any-return]

    def _together(self, slot: int, commands: Sequence[Command]) -> list[Any]:
        """Sends commands to one node. Those that it refuses are sent again one by one."""
        topology = self._client.topology
        try:
            address = topology.owner(slot)
        except RedisError as problem:
            return [problem] * len(commands)
        try:
            results = _send(topology.node_for_commands(address), commands, transaction=False)
        except RedisError as problem:
            topology.doubt(address, problem)
            return [problem] * len(commands)
        return [
            _result(lambda args=args, options=options: self._client.execute_command(*args, **options))  # type: ignore[misc]
            if isinstance(result, _REFUSED)
            else result
            for result, (args, options) in zip(results, commands, strict=True)
        ]

    def _inseparable(self, slot: int, commands: Sequence[Command]) -> list[Any]:
        """Sends commands of one slot to one node, again and all together if it refuses the first."""

        def send(node: redis.Redis, asking: bool) -> list[Any]:
            if asking:
                raise TryAgainError("they wait until their slot has moved")
            results = _send(node, commands, transaction=self._is_transaction)
            if isinstance(results[0], _REFUSED):
                raise results[0]
            return results

        try:
            return list(self._client.follow(slot, send))
        except RedisError as problem:
            return [problem] * len(commands)


def _send(node: redis.Redis, commands: Sequence[Command], *, transaction: bool) -> list[Any]:
    pipe = node.pipeline(transaction=transaction)
    for args, options in commands:
        pipe.execute_command(*args, **options)  # type: ignore[no-untyped-call]
    return pipe.execute(raise_on_error=False)


def _slots(commands: Iterable[Command]) -> list[int]:
    slots: list[int] = []
    for args, _ in commands:
        slot = slot_of_command(args)
        if slot is None and not slots:
            raise RedisError(f"{args[0]} has no key, and no command before it has one")
        slots.append(slots[-1] if slot is None else slot)
    return slots


def _grouped(names: Sequence[Hashable]) -> list[list[int]]:
    """Groups the places of equal names, in the order in which they come."""
    groups: dict[Hashable, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(name, []).append(place)
    return list(groups.values())


def _result(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except RedisError as problem:
        return problem


def _raise_first(results: Iterable[Any]) -> None:
    for result in results:
        if isinstance(result, Exception):
            raise result
