"""Asks the witnesses in `LOG_WITNESSES` to cosign the checkpoints of decision logs.

Their signatures are kept beside what was signed last, and served below a checkpoint of the same text.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus

from django.conf import settings

from events.domain.decision_log.merkle import consistency_proof
from events.domain.decision_log.notes import BadNote
from events.domain.decision_log.tiles import nodes_of_tiles
from events.domain.decision_log.witness import Witness, add_checkpoint, without_cosignatures
from events.ledger.decision_log.read import LogHead, tile_hashes
from events.services.decision_log import keep_cosignatures, signed_head
from omnify.common.logs import get_logger

logger = get_logger(__name__)

TIMEOUT_SECONDS = 10
_MOST_BYTES = 10_000


class NotWitnessed(Exception):
    """A witness did not cosign; the message says why."""


def have_witnessed(event_id: int) -> tuple[int, int]:
    """Has an event's log cosigned as it is now. Returns how many witnesses did, and how many were asked.

    Raises NotSigned, HistoryBroken, OSError: as `signed_head`.
    """
    found, witnesses = signed_head(event_id), settings.ENV.log_witnesses
    if found is None:
        return 0, 0
    head, note = found[0], without_cosignatures(found[1])
    lines = list[str]()
    for witness in witnesses:
        try:
            lines.append(_ask(witness, head, note))
        except NotWitnessed as problem:
            logger.warning("a witness did not cosign", event_id=event_id, witness=witness.name, problem=str(problem))
    keep_cosignatures(head, note, lines)
    return len(lines), len(witnesses)


def _ask(witness: Witness, head: LogHead, note: str) -> str:
    """Asks as if the witness had seen nothing; it then says what it has seen last."""
    status, answer = _post(witness, head, note, old=0)
    if status == HTTPStatus.CONFLICT and answer.strip().isdigit():
        status, answer = _post(witness, head, note, old=int(answer))
    if status != HTTPStatus.OK:
        raise NotWitnessed(f"status {status}")
    try:
        return witness.cosigned(note.rpartition("\n\n")[0] + "\n", answer)
    except BadNote as problem:
        raise NotWitnessed(str(problem)) from problem


def _post(witness: Witness, head: LogHead, note: str, *, old: int) -> tuple[int, str]:
    if old > head.tree.size:
        raise NotWitnessed(f"it has seen {old} entries, and the log has {head.tree.size}")
    nodes = nodes_of_tiles(lambda tile: tile_hashes(head.event_id, tile), head.tree.size)
    proof: Sequence[bytes] = consistency_proof(old, head.tree.size, nodes)
    body = add_checkpoint(old=old, proof=proof, note=note)
    request = urllib.request.Request(f"{witness.url}/add-checkpoint", data=body, method="POST")  # noqa: S310 - http(s)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 - read_witness
            return answer.status, answer.read(_MOST_BYTES).decode("utf-8", "replace")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(_MOST_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError) as problem:
        raise NotWitnessed(type(problem).__name__) from problem
