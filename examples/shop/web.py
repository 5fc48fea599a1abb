"""The shop's web server, from the standard library.

GET  /                          the form                 POST /buy             register, then to the order
GET  /orders/{ticket}           the order                POST /orders/{ticket}/give-back
GET  /bank/{ticket}             the bank's page          POST /bank/{ticket}   outcome=pay, fail or walk_away
GET  /ticket/{ticket}           to the ticket's page     POST /webhooks        what Omnify sends
"""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, quote

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

from examples.shop import pages
from examples.shop.checkout import Checkout
from examples.shop.omnify import Refused

MAX_BODY = 64 * 1024


class Shop(ThreadingHTTPServer):
    """Serves the shop. `secret` is what Omnify signs its messages with; `omnify_url` is where guests see tickets."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], *, checkout: Checkout, omnify_url: str) -> None:
        super().__init__(address, Handler)
        self.checkout, self.omnify_url = checkout, omnify_url
        self.secret = ""


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Shop
    timeout = 30

    def do_GET(self) -> None:
        """Shows a page."""
        where, _, query = self.path.partition("?")
        match where.split("/")[1:]:
            case [""]:
                self._page(pages.front(key=secrets.token_hex(8)))
            case ["orders", ticket_id] if order := self.server.checkout.orders.find(ticket_id):
                self._page(pages.order_page(order, now=datetime.now(UTC), failed=query == "failed"))
            case ["bank", ticket_id] if self.server.checkout.orders.find(ticket_id):
                self._page(pages.bank_page(ticket_id))
            case ["ticket", ticket_id]:
                self._to(f"{self.server.omnify_url}/t/{quote(ticket_id)}")
            case _:
                self._page("Not found", status=404)

    def do_POST(self) -> None:
        """Takes a form, or a message of Omnify's."""
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= MAX_BODY:
            self._page("Too large", status=413)
            return
        body = self.rfile.read(length)
        try:
            self._post(body)
        except httpx.HTTPError:
            self._page("We cannot reach the ticket office. Please try again in a moment.", status=503)

    def _post(self, body: bytes) -> None:
        match self.path.split("/")[1:]:
            case ["webhooks"]:
                self._webhook(body)
            case ["buy"]:
                self._buy(_form(body))
            case ["bank", ticket_id] if self.server.checkout.orders.find(ticket_id):
                self._bank(ticket_id, _form(body).get("outcome", ""))
            case ["orders", ticket_id, "give-back"] if self.server.checkout.orders.find(ticket_id):
                self.server.checkout.give_back(ticket_id)
                self._to(f"/orders/{ticket_id}")
            case _:
                self._page("Not found", status=404)

    def _webhook(self, body: bytes) -> None:
        """Verifies the signature over the bytes as they came, then hears what they say.

        What is answered with anything but a 2xx is sent again, so an error here loses no message.
        """
        try:
            Webhook(self.server.secret).verify(body, dict(self.headers), json_parse=False)
        except WebhookVerificationError:
            self._page("", status=401)
            return
        self.server.checkout.hear(json.loads(body))
        self._page("", status=204)

    def _buy(self, form: dict[str, str]) -> None:
        key = form.get("key") or secrets.token_hex(8)
        try:
            ticket_id = self.server.checkout.buy(name=form.get("name", ""), email=form.get("email", ""), key=key)
        except Refused as refused:
            self._page(pages.front(key=secrets.token_hex(8), problem=str(refused)), status=409)
            return
        self._to(f"/orders/{ticket_id}")

    def _bank(self, ticket_id: str, outcome: str) -> None:
        if outcome == "pay":
            self.server.checkout.paid(ticket_id)
        self._to(f"/orders/{ticket_id}" + ("?failed" if outcome == "fail" else ""))

    def _to(self, where: str) -> None:
        self.send_response(303)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, text: str, *, status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        # An order's address is its ticket's key.
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: every address here holds the key to a ticket."""


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace")))
