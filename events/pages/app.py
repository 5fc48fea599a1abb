"""The pages as an ASGI application in front of the service. Every other path is handed to `app`.

GET, POST /e/{id}    GET, POST /e/{id}/resend    GET /t/{ticket_id}    POST /t/{ticket_id}/cancel
POST /t/{ticket_id}/confirm
GET /t/{ticket_id}/event.ics    GET /assets/...
GET /    GET /events.ics    GET /o/{organizer}/events.ics
GET /docs/guides/...    GET /docs/errors/...
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Sequence

from events.domain.tickets import read_ticket_id
from events.door import parse
from events.pages import files, widget
from events.pages.cached_template import Render, TemplateCache
from events.pages.event_page import EventPage
from events.pages.guides.app import Guides
from events.pages.home_page import HomePage, Listing
from events.pages.internal_client import ServiceResponse
from events.pages.page_language import page_language
from events.pages.resend_page import ResendPage
from events.pages.responses import PageResponse, closing, page
from events.pages.ticket_page import TicketPage
from events.pages.view import decode_refusal
from omnify.common.asgi_types import ASGIApp, Header, Receive, Scope, Send
from omnify.common.languages import N_
from omnify.common.request_body import BodyIncomplete, BodyTooLarge, read_body
from omnify.common.shared_timeout import BODY_SECONDS, SharedTimeout

logger = logging.getLogger(__name__)

_EVENT = "/e/"
_TICKET = "/t/"
_ORGANIZER = "/o/"
_RESEND = "/resend"
_CANCEL, _CONFIRM = "cancel", "confirm"
_CALENDAR = "event.ics"
_HOME, _FEED = "/", "/events.ics"
_DOCS = re.compile(r"/docs/(?:guides|errors)(?:/[^/]+)?")
_FEED_OF_ORGANIZER = re.compile(r"/o/([1-9][0-9]{0,17})/events\.ics")
_READS = ("GET", "HEAD")
_IMMUTABLE = b"public, max-age=31536000, immutable"
_PROBLEMS = {
    404: (N_("Not found"), N_("There is nothing at this address. Please check the link.")),
    405: (N_("Not possible"), N_("This page cannot be used in that way.")),
    409: (N_("No longer possible"), N_("This registration can no longer be cancelled.")),
    413: (N_("Too much text"), N_("That is more text than fits into a registration.")),
    503: (N_("One moment, please"), N_("We cannot load this page right now. It will try again by itself.")),
}
_OURS = (N_("Something went wrong"), N_("That was our fault, not yours. Please try again."))


class Pages:
    """Serves pages and files, and hands other paths to `app`, which the pages also send their own requests to.

    `render` turns a template's name and a context into HTML, with every value escaped. With `public_log` pages offer
    to check the event's decision log; without `sends_mail` none offers to mail a ticket.
    """

    def __init__(
        self,
        *,
        app: ASGIApp,
        render: Render,
        listing: Listing,
        public_url: str = "",
        public_log: bool = False,
        sends_mail: bool = True,
    ) -> None:
        fixed = {"public_log": public_log, "sends_mail": sends_mail}
        self._templates = TemplateCache(lambda name, context: render(name, {**fixed, **context}))
        self._event = EventPage(app=app, templates=self._templates, public_url=public_url)
        self._resend = ResendPage(app=app, templates=self._templates)
        self._ticket = TicketPage(app=app, templates=self._templates, public_url=public_url)
        self._home = HomePage(app=app, templates=self._templates, listing=listing, public_url=public_url)
        self._guides = Guides(self._templates)
        self._app = app
        self._body_timeout = SharedTimeout(BODY_SECONDS)
        # Made now, so that the first visitor does not wait for them.
        files.version()
        widget.widget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        if path.startswith(_EVENT):
            await self._respond(send, scope, self._event_route(scope, receive, path[len(_EVENT) :]))
        elif path.startswith(_TICKET):
            await self._respond(send, scope, self._ticket_route(scope, receive, path[len(_TICKET) :]))
        elif path.startswith(files.ROOT):
            await _send(send, scope, self._file(scope, path))
        elif path.startswith("/docs/") and _DOCS.fullmatch(path):
            await self._respond(send, scope, self._docs_route(scope))
        elif path in (_HOME, _FEED) or path.startswith(_ORGANIZER):
            await self._respond(send, scope, self._home_route(scope, path))
        else:
            await self._app(scope, receive, send)

    async def _event_route(self, scope: Scope, receive: Receive, text: str) -> PageResponse | ServiceResponse:
        resend = text.endswith(_RESEND)
        event_id = parse.event_id(text.removesuffix(_RESEND))
        if event_id is None:
            return self._problem(scope, 404)
        if scope["method"] in _READS:
            return await (self._resend if resend else self._event).read(scope, event_id)
        if scope["method"] != "POST":
            return self._problem(scope, 405)
        send = self._resend.ask if resend else self._event.register
        return await send(scope, event_id, await self._body(receive))

    async def _home_route(self, scope: Scope, path: str) -> PageResponse:
        organizer = _FEED_OF_ORGANIZER.fullmatch(path)
        if organizer is None and path.startswith(_ORGANIZER):
            return self._problem(scope, 404)
        if scope["method"] not in _READS:
            return self._problem(scope, 405)
        if path == _HOME:
            found = await self._home.read(scope)
        else:
            found = await self._home.calendar(scope, int(organizer[1]) if organizer else None)
        return found or self._problem(scope, 503)

    async def _docs_route(self, scope: Scope) -> PageResponse:
        if scope["method"] not in _READS:
            return self._problem(scope, 405)
        return self._guides.read(scope) or self._problem(scope, 404)

    async def _ticket_route(self, scope: Scope, receive: Receive, text: str) -> PageResponse | ServiceResponse:
        first, slash, tail = text.partition("/")
        ticket_id, reads = read_ticket_id(first), scope["method"] in _READS
        if ticket_id is None:
            return self._problem(scope, 404)
        if tail == _CALENDAR and reads:
            return await self._ticket.calendar(scope, ticket_id)
        if tail in (_CANCEL, _CONFIRM) and scope["method"] == "POST":
            form = await self._body(receive)
            if tail == _CANCEL:
                return await self._ticket.cancel(scope, ticket_id)
            return await self._ticket.confirm(scope, ticket_id, form)
        if slash:
            return self._problem(scope, 405 if tail in (_CALENDAR, _CANCEL, _CONFIRM) else 404)
        return await self._ticket.read(scope, ticket_id) if reads else self._problem(scope, 405)

    async def _body(self, receive: Receive) -> bytes:
        # Read to its end even if it is not used: an unread rest would be taken for the next request.
        return await read_body(receive, length=None, limit=parse.MAX_BODY_BYTES, shared_timeout=self._body_timeout)

    async def _respond(self, send: Send, scope: Scope, work: Awaitable[PageResponse | ServiceResponse]) -> None:
        try:
            found = await work
        except (BodyTooLarge, BodyIncomplete):
            found = closing(self._problem(scope, 413))
        except TimeoutError:
            found = self._problem(scope, 503)
        except Exception:
            logger.exception("a page failed")
            found = self._problem(scope, 500)
        await _send(send, scope, found if isinstance(found, PageResponse) else self._refused(scope, found))

    def _refused(self, scope: Scope, response: ServiceResponse) -> PageResponse:
        status = response.status if response.status in _PROBLEMS else 500
        detail = decode_refusal(response.body).message
        return self._problem(scope, status, detail=detail, retry_seconds=response.retry_seconds)

    def _problem(
        self, scope: Scope, status: int, *, detail: str = "", retry_seconds: int | None = None
    ) -> PageResponse:
        said = page_language(scope)
        title, text = map(said.language.gettext, _PROBLEMS.get(status, _OURS))
        resend = _resend_path(scope) if status == 404 else ""
        context = {"assets": files.base(), "title": title, "text": text, "detail": detail, "retry": retry_seconds}
        context["resend_url"] = said.path(resend) if resend else ""
        key = ("problem", said, status, detail, retry_seconds, resend)
        template = self._templates.get(key, lambda: self._templates.render("pages/problem.html", context, said))
        return page(template.fill({}), status=status, retry_seconds=retry_seconds)

    def _file(self, scope: Scope, path: str) -> PageResponse:
        gzipped = b"gzip" in parse.joined(scope["headers"], b"accept-encoding").encode()
        if path == widget.PATH and scope["method"] in _READS:
            known = parse.joined(scope["headers"], b"if-none-match").encode()
            return widget.respond(gzipped=gzipped, known=known)
        found = files.find(path)
        if found is None or scope["method"] not in _READS:
            return self._problem(scope, 404)
        file, same_version = found
        headers: list[Header] = [
            (b"content-type", file.content_type),
            # During an update a page of one release may load files from a server of another: served, but not cached.
            (b"cache-control", _IMMUTABLE if same_version else b"no-cache"),
            (b"vary", b"accept-encoding"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if gzipped:
            headers.append((b"content-encoding", b"gzip"))
        return PageResponse(200, file.compressed if gzipped else file.plain, headers)


def _resend_path(scope: Scope) -> str:
    """Returns where a ticket of this address's event can be had again; empty for any other address."""
    path: str = scope["path"]
    event_id = parse.event_id(path[len(_TICKET) :].partition("-")[0]) if path.startswith(_TICKET) else None
    return f"{_EVENT}{event_id}{_RESEND}" if event_id else ""


async def _send(send: Send, scope: Scope, response: PageResponse) -> None:
    headers: Sequence[Header] = (*response.headers, (b"content-length", b"%d" % len(response.body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})
