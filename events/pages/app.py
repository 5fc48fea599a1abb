"""The pages as an ASGI application in front of the service: its own routes here, every other path to `app`.

GET, POST /e/{id}    GET /t/{ticket_id}    POST /t/{ticket_id}/cancel    GET /t/{ticket_id}/event.ics    GET /assets/...
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Sequence

from events.domain.tickets import read_ticket_id
from events.door import parse
from events.door.body import BodyCutShort, BodyTooLarge, read_body
from events.pages import files
from events.pages.answers import Page, closing, page
from events.pages.cached_template import Render, Sheets
from events.pages.event_page import EventPage
from events.pages.internal_client import Application, Header, Receive, Reply, Scope, Send
from events.pages.ticket_page import TicketPage
from events.pages.view import decode_refusal
from omnify.common.deadline import BODY_SECONDS, SharedTimeout

logger = logging.getLogger(__name__)

_EVENT = "/e/"
_TICKET = "/t/"
_CANCEL = "cancel"
_CALENDAR = "event.ics"
_READS = ("GET", "HEAD")
_FOR_EVER = b"public, max-age=31536000, immutable"
_PROBLEMS = {
    404: ("Not found", "There is nothing at this address. Please check the link."),
    405: ("Not like this", "This page cannot be used that way."),
    409: ("Not possible any more", "This registration cannot be given back now."),
    413: ("Too much", "That is more text than fits into a registration."),
    503: ("One moment, please", "We cannot reach this page's data. It will load again by itself."),
}
_OURS = ("Something went wrong", "That was our fault, not yours. Please try again.")


class Pages:
    """Answers pages and files, and hands the rest to `app`, which is also whom the pages ask.

    `render` makes HTML of a template's name and a context, with everything escaped.
    """

    def __init__(self, *, app: Application, render: Render, public_url: str = "") -> None:
        self._sheets = Sheets(render)
        self._event = EventPage(app=app, sheets=self._sheets)
        self._ticket = TicketPage(app=app, sheets=self._sheets, public_url=public_url)
        self._app = app
        self._patience = SharedTimeout(BODY_SECONDS)
        files.version()  # reads them now, and not while the first visitor waits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(_EVENT):
            await self._reply(send, scope, self._event_route(scope, receive, path[len(_EVENT) :]))
        elif path.startswith(_TICKET):
            await self._reply(send, scope, self._ticket_route(scope, receive, path[len(_TICKET) :]))
        elif path.startswith(files.ROOT):
            await _send(send, scope, self._file(scope, path))
        else:
            await self._app(scope, receive, send)

    async def _event_route(self, scope: Scope, receive: Receive, text: str) -> Page | Reply:
        event_id = parse.event_id(text)
        if event_id is None:
            return self._problem(404)
        if scope["method"] in _READS:
            return await self._event.read(scope, event_id)
        if scope["method"] != "POST":
            return self._problem(405)
        return await self._event.register(scope, event_id, await self._body(receive))

    async def _ticket_route(self, scope: Scope, receive: Receive, text: str) -> Page | Reply:
        first, slash, tail = text.partition("/")
        ticket_id, reads = read_ticket_id(first), scope["method"] in _READS
        if ticket_id is None:
            return self._problem(404)
        if tail == _CALENDAR and reads:
            return await self._ticket.calendar(scope, ticket_id)
        if tail == _CANCEL and scope["method"] == "POST":
            await self._body(receive)
            return await self._ticket.cancel(scope, ticket_id)
        if slash:
            return self._problem(405 if tail in (_CALENDAR, _CANCEL) else 404)
        return await self._ticket.read(scope, ticket_id) if reads else self._problem(405)

    async def _body(self, receive: Receive) -> bytes:
        # Read to its end also where nothing is in it: what is left over would be taken for the next request.
        return await read_body(receive, length=None, limit=parse.MAX_BODY_BYTES, patience=self._patience)

    async def _reply(self, send: Send, scope: Scope, work: Awaitable[Page | Reply]) -> None:
        try:
            found = await work
        except (BodyTooLarge, BodyCutShort):
            found = closing(self._problem(413))
        except TimeoutError:
            found = self._problem(503)
        except Exception:
            logger.exception("a page failed")
            found = self._problem(500)
        await _send(send, scope, found if isinstance(found, Page) else self._refused(found))

    def _refused(self, reply: Reply) -> Page:
        known = reply.status if reply.status in _PROBLEMS else 500
        return self._problem(known, detail=decode_refusal(reply.body).message, retry_seconds=reply.retry_seconds)

    def _problem(self, status: int, *, detail: str = "", retry_seconds: int | None = None) -> Page:
        title, text = _PROBLEMS.get(status, _OURS)
        context = {"assets": files.base(), "title": title, "text": text, "detail": detail, "retry": retry_seconds}
        key = ("problem", status, detail, retry_seconds)
        sheet = self._sheets.kept(key, lambda: self._sheets.render("pages/problem.html", context))
        return page(sheet.fill({}), status=status, retry_seconds=retry_seconds)

    def _file(self, scope: Scope, path: str) -> Page:
        found = files.find(path)
        if found is None or scope["method"] not in _READS:
            return self._problem(404)
        file, same_version = found
        small = any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"])
        headers: list[Header] = [
            (b"content-type", file.content_type),
            # During an update a page of one release may ask the server of another: right, but not for ever.
            (b"cache-control", _FOR_EVER if same_version else b"no-cache"),
            (b"vary", b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if small:
            headers.append((b"content-encoding", b"gzip"))
        return Page(200, file.compressed if small else file.plain, headers)


async def _send(send: Send, scope: Scope, answer: Page) -> None:
    headers: Sequence[Header] = (*answer.headers, (b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else answer.body})
