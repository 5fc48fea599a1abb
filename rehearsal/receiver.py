"""A receiver of webhooks: verifies each message with the reference implementation and passes it on.

For trials, rehearsals and tests. It responds 204 to a message with a valid signature and 401 to others.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NamedTuple

import msgspec
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

MAX_BODY_BYTES = 1024 * 1024
STOP_SECONDS = 5.0


class Message(NamedTuple):
    """A received message. `verified` is None if there was no secret to verify it with."""

    id: str
    type: str
    data: Mapping[str, Any]
    body: bytes
    verified: bool | None


class Receiver:
    """Listens in a thread of its own until the end of its `with` block.

    `on_message` is called in that thread, before the response is sent. Secrets may be added at any time: a message is
    genuine if its signature is valid under one of them.
    """

    def __init__(self, on_message: Callable[[Message], None], *, port: int = 0, host: str = "127.0.0.1") -> None:
        self.secrets: list[str] = []
        self._on_message = on_message
        self._host, self._port = host, port
        self._started = threading.Event()
        self._problem: OSError | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="receiver", daemon=True)

    def __enter__(self) -> Receiver:
        self._thread.start()
        self._started.wait()
        if self._problem is not None:
            raise self._problem
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(STOP_SECONDS)

    @property
    def url(self) -> str:
        """The URL that messages are to be sent to."""
        return f"http://{self._host}:{self._port}/"

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._receive, access_log=None), shutdown_timeout=1.0)
        await runner.setup()
        site = web.TCPSite(runner, self._host, self._port)
        try:
            await site.start()
            self._port = runner.addresses[0][1]
        except OSError as problem:
            self._problem = problem
            self._stop.set()
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _receive(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=405)
        body = await request.read()
        verified = verify(self.secrets, body, request.headers)
        self._on_message(_message(body, request.headers, verified))
        return web.Response(status=401 if verified is False else 204)


def verify(secrets: list[str], body: bytes, headers: Mapping[str, str]) -> bool | None:
    """Tells whether the signature is valid under one of the secrets; None without any."""
    if not secrets:
        return None
    for secret in secrets:
        try:
            Webhook(secret).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            continue
        return True
    return False


def _message(body: bytes, headers: Mapping[str, str], verified: bool | None) -> Message:
    try:
        content = msgspec.json.decode(body)
        type_, data = str(content["type"]), dict(content["data"])
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError):
        type_, data = "unreadable", {}
    return Message(headers.get("webhook-id", ""), type_, data, body, verified)
