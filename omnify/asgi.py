"""The service as one ASGI application: a request goes to the front, the pages, the door (hot routes), then Django.

Each of them handles its own paths and hands the others on. The door knows neither tables nor Celery, so its loader and
its wake-ups are passed in here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omnify.settings")

from omnify.django_app import django_app

_django = django_app()

from django.conf import settings
from django.template.loader import render_to_string

from events.admission.errors import QueueUnavailable
from events.admission.open_gate import open_gate
from events.door.app import Door
from events.door.fast_path import FastPath
from events.door.listing import Listing
from events.door.loader import DatabaseUnavailable
from events.pages.app import Pages
from events.secrets import receipt_signer, tickets
from events.services.wakeups import wake_drain
from omnify.common.asgi_types import ASGIApp, Header, Receive, Scope, Send
from omnify.common.clients import redis_client
from omnify.common.gc_tuning import freeze_gc
from omnify.common.logs import get_logger
from omnify.common.tracing_settings import open_traces
from omnify.common_headers import common_headers, with_headers
from omnify.cors import OF_THE_UNREAD, Origins, header_lines, with_cors
from omnify.front import Front
from omnify.loader import LedgerLoader
from omnify.protocol import Protocol
from omnify.versions import Versions

if TYPE_CHECKING:
    from events.door.traced import DoorTraces
    from omnify.common.tracing import Traces

logger = get_logger(__name__)


class Waker:
    """Sends wake-ups to Celery from a thread, so that the event loop does not wait for the broker."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wake")

    def __call__(self, event_id: int) -> None:
        self._pool.submit(wake_drain, event_id)


class Service:
    """The whole service. Its parts are made when the server starts, inside the worker's event loop."""

    def __init__(self) -> None:
        self._door: Door | None = None
        self._front: ASGIApp | None = None
        allowed = settings.ENV.cors_allowed_origins
        self._origins = Origins(allowed) if allowed else None
        Protocol.refusal_headers = OF_THE_UNREAD if allowed else ()
        self._traces: Traces | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        await (self._front or self._open())(scope, receive, send)

    def fast_path_on(self, port: int | None) -> FastPath | None:
        """Returns the fast path of connections on this port; None where every request goes through `__call__`."""
        operations = settings.ENV.operations_port
        if self._door is None or not settings.ENV.fast_path or (operations is not None and port == operations):
            return None
        return self._door.fast_path

    @cached_property
    def common_headers(self) -> Sequence[Header]:
        """Headers of every response of the service."""
        return common_headers(hsts_seconds=settings.SECURE_HSTS_SECONDS)

    @cached_property
    def fast_path_lines(self) -> bytes:
        """The header lines of every response of the fast path."""
        return header_lines(self.common_headers)

    @cached_property
    def fast_path_lines_by_origin(self) -> Mapping[bytes | None, bytes] | None:
        """The same by the origin of the page that asks; under None for any other. None where CORS is off."""
        return None if self._origins is None else self._origins.lines(self.common_headers)

    def disconnect_watchers(self) -> None:
        """Ends streams and long polls. Called by gunicorn's workers when they are told to stop."""
        if self._door is not None:
            self._door.disconnect_watchers()

    def _open(self) -> ASGIApp:
        self._loader = LedgerLoader(redis_client(), replicas=settings.ENV.queue_replicas)
        self._gate = open_gate(
            settings.ENV.redis_url,
            queue_limit=settings.ENV.queue_limit,
            replicas=settings.ENV.queue_replicas,
            address_limit=settings.ENV.register_rate_limit,
            refusal_limit=settings.ENV.refusal_rate_limit,
        )
        self._door = Door(
            gate=self._gate,
            tickets=tickets(),
            loader=self._loader,
            wake=Waker(),
            app=_django,
            trusted_proxies=settings.ENV.trusted_proxies,
            private_callbacks=settings.ENV.webhook_allow_private,
            receipts=receipt_signer(),
            traces=self._open_traces(),
        )
        env = settings.ENV
        public_log = env.decision_log and bool(env.log_signing_key)
        pages = Pages(
            app=self._door,
            render=render_to_string,
            listing=Listing(self._gate),
            public_url=env.public_url,
            public_log=public_log,
            sends_mail=env.sends_mail,
        )
        front = Front(app=with_cors(Versions(pages), self._origins), operations_port=settings.ENV.operations_port)
        self._front = with_headers(front, self.common_headers)
        return self._front

    def _open_traces(self) -> DoorTraces | None:
        """Begins to export spans, if that is on: here, in gunicorn's own processes, since threads do not survive a
        fork."""
        self._traces = open_traces(settings.ENV.tracing)
        if self._traces is None:
            return None
        from events.door.traced import DoorTraces

        return DoorTraces(self._traces)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._open()
                await self._load_live_events()
                freeze_gc()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self._door is not None:
                    await self._door.close()
                    await self._gate.aclose()
                if self._traces is not None:
                    self._traces.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _load_live_events(self) -> None:
        try:
            async with asyncio.timeout(10):
                await self._gate.learn_clock()
                count = await self._loader.load_live_events()
            logger.info("live events loaded", count=count)
        except (QueueUnavailable, DatabaseUnavailable, TimeoutError) as problem:
            # Each is loaded by the first request for it.
            reason = problem.__cause__ or problem
            logger.warning("live events not loaded", problem=type(problem).__name__, reason=str(reason)[:200])


application = Service()
