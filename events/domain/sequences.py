"""Sequences that a queue has given out twice, because it lost entries: a failover to a replica that was behind.

A ticket that the ledger does not know, with a sequence that the ledger has passed, can only come from there. It gets
the next one: no two tickets of an event have one sequence in the ledger, and one that was admitted later is not put in
front of those on the waitlist.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from events.domain.commands import Command, Request


def number_anew(
    last_sequence: int, commands: Sequence[Command], poisoned: Sequence[Request]
) -> tuple[Sequence[Command], Sequence[Request]]:
    """Gives new requests the next sequences after `last_sequence`, in their order, where theirs are not after it.

    Returns its arguments themselves if there is nothing to change, which is so unless entries were lost.
    """
    requests = [*(command for command in commands if isinstance(command, Request)), *poisoned]
    if not requests or min(request.sequence for request in requests) > last_sequence:
        return commands, poisoned
    numbers: dict[str, int] = {}
    for request in sorted(requests, key=lambda request: request.sequence):
        last_sequence = max(request.sequence, last_sequence + 1)
        numbers[request.key] = last_sequence
    return [_numbered(command, numbers) for command in commands], [
        msgspec.structs.replace(request, sequence=numbers[request.key]) for request in poisoned
    ]


def _numbered(command: Command, numbers: dict[str, int]) -> Command:
    if isinstance(command, Request):
        return msgspec.structs.replace(command, sequence=numbers[command.key])
    return command
