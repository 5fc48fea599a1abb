"""Stores out of reach, for real: the process is pointed at a port without a server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from django.conf import settings
from django.db import connection

from omnify.common.clients import redis_client

UNUSED_PORT = 1  # tcpmux: a privileged port that nothing here opens


@contextmanager
def redis_out_of_reach() -> Iterator[None]:
    """Redis refuses connections for as long as this lasts."""
    good = settings.ENV
    settings.ENV = replace(good, redis_url=f"redis://127.0.0.1:{UNUSED_PORT}/0")
    redis_client.cache_clear()
    try:
        yield
    finally:
        settings.ENV = good
        redis_client.cache_clear()


@contextmanager
def database_out_of_reach() -> Iterator[None]:
    """PostgreSQL refuses connections for as long as this lasts. Not for SQLite."""
    good = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = UNUSED_PORT
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["PORT"] = good
