"""gunicorn's ASGI worker with our connections, and our log.

What gunicorn 27 lacks, and this adds beside `omnify.protocol`:

    accepting  its processes share connections unevenly, and its event loop lets only 100 wait to be accepted
    log        it writes another format
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from ssl import SSLContext
from typing import Any

from gunicorn import glogging
from gunicorn.workers import gasgi

from omnify.accepting import Acceptor, Loads
from omnify.common.log_floods import OncePerSecond, capture_the_rest
from omnify.common.logs import JsonFormatter, JsonHandler
from omnify.fast_protocol import FastProtocol

_loads = Loads()


class Logger(glogging.Logger):
    """gunicorn's own log in the format of ours."""

    def setup(self, cfg: Any) -> None:
        """Replaces gunicorn's handlers by ours."""
        super().setup(cfg)
        # From here on, for the parent, which imports the service next, and for the processes that it forks.
        capture_the_rest()
        for handler in list(self.error_log.handlers):
            self.error_log.removeHandler(handler)
        ours = JsonHandler()
        ours.setFormatter(JsonFormatter())
        ours.addFilter(OncePerSecond())
        self.error_log.addHandler(ours)


class Worker(gasgi.ASGIWorker):
    """gunicorn's ASGI worker, with `FastProtocol` for its connections."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The parent makes the worker, and then forks.
        self._place = _loads.take()

    def give_place_back(self) -> None:
        """Frees the place of the worker, whose process has ended. The parent calls it."""
        if self._place is not None:
            _loads.give_back(self._place)

    def init_process(self) -> None:
        """Starts the worker in its own process."""
        # The worker looks its protocol up in this global; there is no setting for it.
        gasgi.ASGIProtocol = FastProtocol
        super().init_process()

    def run(self) -> None:
        """Serves until it is told to stop.

        The event loop would also set the queue of connections not yet accepted to its default of 100, whatever
        `backlog` says. The kernel drops connections over that, and a client tries again after one, three and seven
        seconds.
        """
        self.loop.create_server = self._accept_on
        super().run()

    async def _accept_on(
        self, make_protocol: Callable[[], asyncio.Protocol], *, sock: socket.socket, ssl: SSLContext | None, **_: Any
    ) -> Acceptor:
        return Acceptor(
            sock, make_protocol, ssl=ssl, connections=lambda: int(self.nr_conns), loads=_loads, place=self._place
        )

    def handle_exit_signal(self) -> None:
        """Ends streams and long polls first: otherwise the stop would wait `graceful_timeout` for them."""
        super().handle_exit_signal()
        # Not every ASGI application has such a method.
        if hasattr(self.asgi, "disconnect_watchers"):
            self.asgi.disconnect_watchers()
