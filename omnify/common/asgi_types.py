"""The types of ASGI 3.0 (https://asgi.readthedocs.io/en/latest/specs/www.html), as every application here uses them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
# A name in lower case and a value, both as bytes.
Header = tuple[bytes, bytes]
