"""Asks until there is an answer, however long a killed part is away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psycopg2 import OperationalError
from redis.exceptions import RedisError

from tests.support.service.http_client import Answer
from tests.support.service.processes import Service
from tests.support.waiting import wait_until


def insist(ask: Callable[[], Answer]) -> Answer:
    """Asks until there is an answer that is no 503."""

    def once() -> Answer | None:
        try:
            answer = ask()
        except OSError:
            return None
        return None if answer.status == 503 else answer

    return wait_until(once, "there is an answer")


def ledger(service: Service, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the ledger, however long it is away."""

    def once() -> tuple[list[tuple[Any, ...]]] | None:
        try:
            return (service.rows(query, *values),)
        except OperationalError:
            return None

    return wait_until(once, "the database answers")[0]


def patient(read: Callable[[], int]) -> int:
    """Reads from Redis, however long it is away."""
    problems: list[RedisError] = []

    def once() -> tuple[int] | None:
        try:
            return (read(),)
        except RedisError as problem:
            problems.append(problem)
            return None

    try:
        return wait_until(once, "Redis answers")[0]
    except AssertionError:
        raise problems[-1] from None
