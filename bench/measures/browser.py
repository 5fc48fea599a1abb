"""Accepts against hello once more, with the headers that a browser sends when a page registers its visitor."""

from __future__ import annotations

from bench.lines import Line
from bench.measures import Options
from bench.measures.accepts import against_hello
from bench.stack import Stack

LIMITS = {32: 0.75, 512: 1.4}
# Of Chromium. With Host, Content-Type and Content-Length, which every registration has, they are 20.
HEADERS = {
    "Connection": "keep-alive",
    "Pragma": "no-cache",
    "Cache-Control": "no-cache",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0",
    "sec-ch-ua": '"Chromium";v="131", "Not_A Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "Accept": "application/json",
    "DNT": "1",
    "Origin": "https://tickets.example.org",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Referer": "https://tickets.example.org/e/1",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
    "Priority": "u=1, i",
}


def measure(stack: Stack, options: Options) -> list[Line]:
    """As in *accepts*; hello gets the headers too."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    return against_hello(stack, options, "accepts with a browser's headers", LIMITS, headers=headers)
