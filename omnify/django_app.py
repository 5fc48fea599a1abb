"""Django as an ASGI application: every error response has the standard shape, bodies are limited in size and time, and
requests of each kind in number (`omnify.bulkheads`)."""

from __future__ import annotations

import io
from contextvars import ContextVar
from importlib import import_module
from typing import IO, Any

import django
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.db import close_old_connections
from django.http import HttpResponseBase

from events.api import responses
from omnify.bulkheads import BulkheadFull, Bulkheads, Permit
from omnify.common.envelope import Code
from omnify.common.request_body import BodyIncomplete, BodyTooLarge, read_body
from omnify.common.shared_timeout import BODY_SECONDS, SharedTimeout

# Enough for the admin's largest form. The API's own limit is far lower.
MAX_BODY_BYTES = 1024 * 1024
RETRY_SECONDS = 2
_TOO_LARGE = f"A body may have {MAX_BODY_BYTES} bytes at most."


# Of the request that the current task handles.
_permit: ContextVar[Permit] = ContextVar("permit")


class DjangoApp(ASGIHandler):
    """Django's handler, with responses of our own where Django responds before any middleware or error handler runs."""

    def __init__(self, *, max_concurrent: int) -> None:
        super().__init__()
        self._bulkheads = Bulkheads(max_concurrent)
        self._body_timeout = SharedTimeout(BODY_SECONDS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Handles one request. Its thread has ended when this returns, even if the client disconnected."""
        permit = self._bulkheads.permit(scope)
        token = _permit.set(permit)
        try:
            await super().__call__(scope, receive, send)
        finally:
            _permit.reset(token)
            permit.release()

    async def get_response_async(self, request: Any) -> HttpResponseBase:
        """Returns the response, after waiting for a permit of the request's kind.

        The permit is not held while the body is read or the response is sent, except for a streamed response, which
        still reads from the database.
        """
        permit = _permit.get()
        try:
            await permit.acquire()
        except BulkheadFull:
            return responses.refused(
                Code.UNAVAILABLE,
                status=503,
                message="Too many requests of this kind at once. Try again shortly.",
                headers={"Retry-After": str(RETRY_SECONDS)},
            )
        response: HttpResponseBase = await super().get_response_async(request)
        if not response.streaming:
            await sync_to_async(close_old_connections, thread_sensitive=True)()
            permit.release()
        return response

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        """Handles one request within the limits on bodies."""
        try:
            await super().handle(scope, receive, send)
        except BodyIncomplete:
            await self._refuse_and_close(Code.REQUEST_TIMEOUT, 408, "The body did not come in time.", send)
        except BodyTooLarge:
            await self._refuse_and_close(Code.PAYLOAD_TOO_LARGE, 413, _TOO_LARGE, send)

    async def _refuse_and_close(self, code: Code, status: int, message: str, send: Any) -> None:
        # The unread rest of the body would be taken for the next request.
        response = responses.refused(code, status=status, message=message, headers={"Connection": "close"})
        await self.send_response(response, send)

    async def read_body(self, receive: Any) -> IO[bytes]:
        """Reads the body into memory, where Django's own would let it grow on disk."""
        return io.BytesIO(
            await read_body(receive, length=None, limit=MAX_BODY_BYTES, shared_timeout=self._body_timeout)
        )

    def create_request(
        self, scope: Any, body_file: IO[bytes]
    ) -> tuple[ASGIRequest, None] | tuple[None, HttpResponseBase]:
        """Returns the request, or 400 in the standard shape: Django's own, for bytes that are not UTF-8, is empty."""
        request, problem = super().create_request(scope, body_file)
        if request is not None:
            return request, None
        status = problem.status_code if problem else 400
        code = Code.PAYLOAD_TOO_LARGE if status == 413 else Code.INVALID
        return None, responses.refused(code, status=status, message="The request cannot be understood.")


def django_app() -> DjangoApp:
    """Sets Django up and returns it as an application."""
    django.setup(set_prefix=False)
    from django.conf import settings

    # Django would import the views when the first request comes, which then waits for half a second.
    import_module(settings.ROOT_URLCONF)

    return DjangoApp(max_concurrent=settings.ENV.web_threads)
