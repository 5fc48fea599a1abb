"""A back end of an integrator: makes an event and a webhook, serves the page with the widget, hears what is decided.

docs/integrate.md says how it is started.
"""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from omnify_client import Omnify, Webhook, WebhookVerificationError

OMNIFY, PORT = os.environ["OMNIFY_URL"], int(os.environ.get("PORT", "9000"))
with Omnify(OMNIFY, os.environ["OMNIFY_TOKEN"]) as client:
    event = client.create_event(
        name="Spring concert",
        location="Town hall",
        max_capacity=2,
        start_time="2037-06-01T18:00:00+02:00",
        end_time="2037-06-01T22:00:00+02:00",
    )
    made = client.create_webhook(url=f"http://127.0.0.1:{PORT}/hook", event_types=["registration.confirmed"])
webhook = Webhook(made.secret)
PAGE = Path(__file__).with_name("embed.html").read_text("utf-8")
PAGE = PAGE.replace("https://tickets.example", OMNIFY).replace('data-event="1"', f'data-event="{event.id}"')


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200, PAGE.encode())

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            message = webhook.verify(body, self.headers)
        except WebhookVerificationError:
            self.answer(401)
        else:
            print("verified:", message["type"], message["data"]["reference"], flush=True)
            self.answer(204)

    def answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body)


print(f"http://127.0.0.1:{PORT}/", flush=True)
ThreadingHTTPServer(("127.0.0.1", PORT), Site).serve_forever()
