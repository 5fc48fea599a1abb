"""A server of asyncio whose connections all end with it, whatever state each is in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[object, object, None]]


class Connections:
    """Serves each connection with `serve`, in a task; it is closed when that ends. `accept` is for `start_server`."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A new connection."""
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open[task] = writer
        task.add_done_callback(lambda task: self._open.pop(task).close())

    async def end(self, server: asyncio.Server) -> None:
        """Ends the server and its connections. Everything else that its loop does is cancelled."""
        server.close()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            # A task that is cancelled before it has begun runs nothing of its own, and closes nothing. What begins here
            # are asyncio's tasks of the connections that were accepted last; those come to `accept` in the next round.
            await asyncio.sleep(0)
            for writer in self._open.values():
                writer.transport.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
