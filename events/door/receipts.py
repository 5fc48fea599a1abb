"""Receipts for those who ask: all of one turn of the event loop under one signature.

The answers to a batch of registrations come in one turn, so each call to admission makes one signature at most. What is
signed is on disk by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from events.domain.decision_log.receipts import ReceiptSigner, Statement
from events.door.responses import Response, with_receipt
from omnify.common.logs import get_logger

logger = get_logger(__name__)

Tell = Callable[[Response], None]


class Receipts:
    """Adds receipts to responses."""

    __slots__ = ("_asked", "_signer")

    def __init__(self, signer: ReceiptSigner) -> None:
        self._signer = signer
        self._asked: list[tuple[Statement, Response, Tell]] = []

    def add(self, said: Statement, response: Response, tell: Tell) -> None:
        """Has `tell` called with the response and its receipt, behind what else this turn of the loop brings.

        The response is told as it is if signing fails: the promise holds without a receipt. `tell` must not raise.
        """
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._sign)
        self._asked.append((said, response, tell))

    async def added(self, said: Statement, response: Response) -> Response:
        """Returns the response with its receipt."""
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.add(said, response, lambda found: None if future.done() else future.set_result(found))
        return await future

    def _sign(self) -> None:
        asked, self._asked = self._asked, []
        try:
            receipts = self._signer.sign([said for said, _, _ in asked])
        except Exception:
            logger.exception("no receipt could be signed")
            for _, response, tell in asked:
                tell(response)
            return
        for (_, response, tell), receipt in zip(asked, receipts, strict=True):
            tell(with_receipt(response, receipt))
