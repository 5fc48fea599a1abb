"""Django as an ASGI application that never answers outside the two shapes, reads no body without end, and does only so
much at once (`omnify.bulkheads`)."""

from __future__ import annotations

import io
from contextvars import ContextVar
from typing import IO, Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.db import close_old_connections
from django.http import HttpResponseBase

from events.api import responses
from omnify.bulkheads import Bulkheads, Full, Place
from omnify.common.envelope import Code
from omnify.common.request_body import BodyIncomplete, BodyTooLarge, read_body
from omnify.common.shared_timeout import BODY_SECONDS, SharedTimeout

# Room for the admin's largest form. The API's own limit is far lower.
MAX_BODY_BYTES = 1024 * 1024
RETRY_SECONDS = 2


# Of the request that the current task works for.
_place: ContextVar[Place] = ContextVar("place")


class DjangoApp(ASGIHandler):
    """Django's handler, except for what it answers before any middleware or error handler is asked."""

    def __init__(self, *, at_once: int) -> None:
        super().__init__()
        self._bulkheads = Bulkheads(at_once)
        self._body_timeout = SharedTimeout(BODY_SECONDS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request. Its thread has ended when this returns, also after the client has gone."""
        place = self._bulkheads.place(scope)
        token = _place.set(place)
        try:
            await super().__call__(scope, receive, send)
        finally:
            _place.reset(token)
            place.leave()

    async def get_response_async(self, request: Any) -> HttpResponseBase:
        """The response, once there is a place for its kind.

        A body that comes slowly, or an answer that is taken slowly, holds none; a streamed answer does, since it still
        reads from the database.
        """
        place = _place.get()
        try:
            await place.take()
        except Full:
            return responses.refused(
                Code.UNAVAILABLE,
                status=503,
                message="Too many requests of this kind at once. Try again shortly.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        response: HttpResponseBase = await super().get_response_async(request)
        if not response.streaming:
            await sync_to_async(close_old_connections, thread_sensitive=True)()
            place.leave()
        return response

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """One request."""
        try:
            await super().handle(scope, receive, send)
        except BodyIncomplete:
            await self._hang_up(Code.REQUEST_TIMEOUT, 408, "The body did not come in time.", send)
        except BodyTooLarge:
            await self._hang_up(Code.PAYLOAD_TOO_LARGE, 413, f"A body may have {MAX_BODY_BYTES} bytes at most.", send)

    async def _hang_up(self, code: Code, status: int, message: str, send: Any) -> None:
        # The rest of the body may still be on its way: the connection cannot carry another request.
        answer = responses.refused(code, status=status, message=message, headers={"Connection": "close"})
        await self.send_response(answer, send)

    async def read_body(self, receive: Any) -> IO[bytes]:
        """Reads the body into memory, where Django's own would let it grow on disk."""
        return io.BytesIO(
            await read_body(receive, length=None, limit=MAX_BODY_BYTES, shared_timeout=self._body_timeout)
        )

    def create_request(
        self, scope: Any, body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        """The request, or 400: Django's own answer to bytes that are not UTF-8 has no shape at all."""
        request, problem = super().create_request(scope, body_file)
        if request is not None:
            return request, None
        status = problem.status_code if problem else 400
        code = Code.PAYLOAD_TOO_LARGE if status == 413 else Code.INVALID
        return None, responses.refused(code, status=status, message="The request cannot be understood.")


def django_app() -> DjangoApp:
    """Django, set up."""
    django.setup(set_prefix=False)
    from django.conf import settings

    return DjangoApp(at_once=settings.ENV.web_threads)
