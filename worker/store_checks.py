"""Checks, when a worker starts, that the stores are configured for durability and privacy."""

from __future__ import annotations

from collections.abc import Callable

import redis
from django.db import DatabaseError, InterfaceError, connection

from events.admission.durability import durability_problems
from events.admission.replica_checks import replica_problems
from events.admission.store_log import logging_problems as redis_logging
from events.ledger.durability import durability_problems as database_durability
from events.ledger.store_log import logging_problems as database_logging
from omnify.common.logs import get_logger

logger = get_logger(__name__)

_DURABILITY = "Redis cannot keep what a 202 promises"
_REDIS_LOG = "Redis keeps the arguments of commands, with names and addresses"
_STANDBY = "A promoted standby may lack decisions that clients were told"
_DATABASE_LOG = "PostgreSQL may log statements, with names and addresses"


def check_redis(client: redis.Redis, *, replicas: int) -> None:
    """Logs an error for each setting of Redis that loses tickets or logs personal data.

    It stops nothing: a replica that is away for a moment would otherwise keep a restarted worker away for longer.
    """
    _report("Redis", _DURABILITY, lambda: durability_problems(client))
    _report("Redis", _DURABILITY, lambda: replica_problems(client, replicas))
    _report("Redis", _REDIS_LOG, lambda: redis_logging(client))


def check_database(*, standby_expected: bool = False) -> None:
    """Logs an error for each setting of the database that logs personal data or loses decisions, as this process's role
    has it. `standby_expected`: its address names more than one host.
    """
    try:
        _report("the database", _DATABASE_LOG, database_logging)
        _report("the database", _STANDBY, lambda: database_durability(standby_expected=standby_expected))
    finally:
        connection.close()


def _report(store: str, promise: str, find_problems: Callable[[], list[str]]) -> None:
    try:
        for sentence in find_problems():
            logger.error(f"{promise}: {sentence}")
    except (redis.RedisError, DatabaseError, InterfaceError, OSError) as problem:
        logger.warning(f"{store} is out of reach and was not checked", problem=type(problem).__name__)
