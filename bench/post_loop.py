"""aiohttp in a bare loop: `python -m bench.post_loop URL NUMBER CONCURRENCY` prints requests a second.

The client of the deliver worker with its settings, and nothing else: a constant body, no database, no signature.
"""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp
import uvloop

BODY = b"x" * 330  # as large as a message
HEADERS = {
    "Content-Type": "application/json",
    "webhook-id": "msg_1",
    "webhook-timestamp": "1",
    "webhook-signature": "v1",
}


async def rate(url: str, number: int, concurrency: int) -> float:
    """Requests a second, after a tenth as many to warm up."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as session:
        await _post(session, url, number // 10, concurrency)
        started = time.perf_counter()
        await _post(session, url, number, concurrency)
        return number / (time.perf_counter() - started)


async def _post(session: aiohttp.ClientSession, url: str, number: int, concurrency: int) -> None:
    turns = iter(range(number))

    async def work() -> None:
        for _ in turns:
            async with session.post(url, data=BODY, headers=HEADERS, allow_redirects=False) as response:
                await response.read()

    await asyncio.gather(*(work() for _ in range(concurrency)))


if __name__ == "__main__":
    print(uvloop.run(rate(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
