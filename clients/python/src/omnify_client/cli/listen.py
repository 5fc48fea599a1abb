"""`omnify listen`: receives webhooks on a port of this machine, verifies and prints them. For trials.

It responds 204 to a message with a valid signature, and 401 to others.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from omnify_client.cli.commands import Adding, print_line
from omnify_client.errors import WebhookVerificationError
from omnify_client.webhook import Webhook

PORT = 8900
SECRET = "OMNIFY_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable
MAX_BODY_BYTES = 1024 * 1024


def add_commands(adding: Adding) -> Iterator[argparse.ArgumentParser]:
    """Adds the command."""
    command = adding.add_parser("listen", help="receive webhooks on a local port, verify and print them")
    command.add_argument("--port", type=int, default=PORT, help=f"where to listen on 127.0.0.1 ({PORT}; 0: any)")
    command.add_argument(
        "--secret", action="append", help=f"whsec_..., may be given twice (default: ${SECRET}, which is safer)"
    )
    yield command


def run(options: argparse.Namespace) -> int:
    """Listens until Ctrl-C."""
    secrets = options.secret or os.environ.get(SECRET, "").split()
    webhook = Webhook(*secrets) if secrets else None
    try:
        server = ThreadingHTTPServer(("127.0.0.1", options.port), _handler(webhook, as_json=options.json))
    except (OSError, OverflowError) as problem:
        raise ValueError(f"port {options.port} cannot be used: {problem}") from None
    server.daemon_threads = True
    with server:
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        print_line({"listening": url} if options.json else f"listening on {url} (Ctrl-C ends it)")
        server.serve_forever()
    return 0


def _handler(webhook: Webhook | None, *, as_json: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One message."""

        timeout = 30
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Verifies it, prints it and responds."""
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
                self._respond(413 if length.isdecimal() else 411)
                return
            body = self.rfile.read(int(length))
            verified = _verified(webhook, body, dict(self.headers.items()))
            _show(self.headers.get("webhook-id", ""), body, verified, as_json=as_json)
            self._respond(401 if verified is False else 204)

        def _respond(self, status: int) -> None:
            self.close_connection = status not in (204, 401)
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: each message has its line."""

    return Handler


def _verified(webhook: Webhook | None, body: bytes, headers: dict[str, str]) -> bool | None:
    if webhook is None:
        return None
    try:
        webhook.verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


def _show(message_id: str, body: bytes, verified: bool | None, *, as_json: bool) -> None:
    text = body.decode(errors="replace")
    if as_json:
        try:
            message = json.loads(body)
        except ValueError:
            message = text
        print_line({"verified": verified, "webhook_id": message_id, "message": message})
        return
    mark = {True: "✓", False: "✗ signature", None: "? unverified"}[verified]
    print_line(f"{mark} {message_id} {text}")
