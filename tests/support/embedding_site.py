"""Another site whose pages embed the widget: a server of its own, under the strictest policy that the widget needs."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from omnify.embedded.ports import LOOPBACK, port_of, reserve_port


class EmbeddingSite:
    """Serves `pages` by their paths. Nothing may run there but scripts of `service`, and no style that is a page's own.

    The same pages under the name `localhost` are another origin, which no service allows.
    """

    def __init__(self) -> None:
        self._port = reserve_port()
        self._server: ThreadingHTTPServer | None = None
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.service = ""

    @property
    def origin(self) -> str:
        return f"http://{LOOPBACK}:{port_of(self._port)}"

    @property
    def wrong_origin(self) -> str:
        return f"http://localhost:{port_of(self._port)}"

    def embed(self, path: str, body: str, *, service: str, language: str = "en") -> str:
        """Serves a page that is empty but for `body`. Returns its path."""
        self.service = service
        html = f'<!doctype html><html lang="{language}"><title>Elsewhere</title><main><h1>Elsewhere</h1>{body}</main>'
        self.pages[path] = ("text/html; charset=utf-8", html.encode())
        if self._server is None:
            self._start()
        return path

    def close(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self._port.close()

    def _start(self) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                kind, body = site.pages.get(self.path, ("text/plain", b""))
                self.send_response(200 if body else 404)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                policy = f"default-src 'none'; script-src 'self' {site.service}; connect-src {site.service}"
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer((LOOPBACK, port_of(self._port)), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
