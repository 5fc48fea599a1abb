"""Reads rounds of public randomness from a drand server, and believes none that is not signed by the chain."""

from __future__ import annotations

from functools import partial

from events.domain.beacon import QUICKNET, Chain
from omnify.common.logs import get_logger
from worker.draws import ReadRound

logger = get_logger(__name__)

TIMEOUT_SECONDS = 10.0


def round_reader(url: str) -> ReadRound:
    """Returns what reads the rounds that draws wait for. Without a `url` there is none to wait for."""
    return partial(read_round, url, QUICKNET) if url else _no_round


def _no_round(number: int) -> bytes | None:
    return None


def read_round(url: str, chain: Chain, number: int) -> bytes | None:
    """Reads and verifies the signature of a round; None if it cannot be had now, or is not the chain's."""
    # Slow to import, both, and only needed here.
    import httpx

    from events.domain.beacon_signature import is_signed

    try:
        answer = httpx.get(f"{url}/{chain.name.hex()}/public/{number}", timeout=TIMEOUT_SECONDS)
        if answer.status_code != 200:
            return None
        signature = bytes.fromhex(answer.json()["signature"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as problem:
        logger.throttled_warning("a round could not be read", problem=type(problem).__name__)
        return None
    if not is_signed(chain, number, signature):
        logger.error("a round is not signed by its chain", round=number)
        return None
    return signature
