"""The shop's book: one row for each ticket, in SQLite, so that a shop that is killed knows what it owes.

waiting     in line or on the waitlist: there is no seat to pay for yet
to_pay      a seat is held until `expires_at`
paid        the money is taken, and Omnify has not said yet whether the seat is still there
confirmed   the seat is the buyer's
refunded    the money is given back
over        no seat, and no money was taken
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

_TABLES = """
CREATE TABLE IF NOT EXISTS orders (
    ticket_id TEXT PRIMARY KEY, state TEXT NOT NULL DEFAULT 'waiting', expires_at TEXT, payment TEXT
);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_ORDERS = "SELECT ticket_id, state, expires_at, payment FROM orders"


class Order(NamedTuple):
    """A row: `expires_at` as Omnify writes it, `payment` what the bank calls the payment."""

    ticket_id: str
    state: str
    expires_at: str | None
    payment: str | None


class Orders:
    """The book. Every change names the states that it may start from: messages may come late, twice, or out of turn."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self.connect() as database:
            database.executescript(_TABLES)

    @contextmanager
    def connect(self) -> Iterator[sqlite3.Connection]:
        """Opens the book; each statement is a transaction of its own."""
        with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as database:
            yield database

    def find(self, ticket_id: str) -> Order | None:
        """Returns the order, None if there is none."""
        return next(self._orders("WHERE ticket_id = ?", ticket_id), None)

    def unsettled(self) -> list[Order]:
        """Returns the orders whose money is taken and whose seat is not sure."""
        return list(self._orders("WHERE state = 'paid'"))

    def open(self, ticket_id: str) -> None:
        """Adds an order, if its webhook has not done so already."""
        self._write("INSERT OR IGNORE INTO orders (ticket_id) VALUES (?)", ticket_id)

    def hold(self, ticket_id: str, expires_at: str) -> None:
        """Notes that there is a seat to pay for."""
        self.open(ticket_id)
        self._write(
            "UPDATE orders SET state = 'to_pay', expires_at = ? WHERE ticket_id = ? AND state IN ('waiting', 'to_pay')",
            *(expires_at, ticket_id),
        )

    def pay(self, ticket_id: str, payment: str) -> None:
        """Notes the payment, before anything is done with it. Whatever the order was: the money is there."""
        self.open(ticket_id)
        self._write(
            "UPDATE orders SET state = 'paid', payment = ? WHERE ticket_id = ? AND payment IS NULL", payment, ticket_id
        )

    def end(self, ticket_id: str, state: str, *, before: tuple[str, ...]) -> None:
        """Moves the order to `state` if it is in one of those `before`."""
        statement = "UPDATE orders SET state = ? WHERE ticket_id = ? AND state IN (SELECT value FROM json_each(?))"
        self._write(statement, state, ticket_id, json.dumps(before))

    def setting(self, name: str) -> str | None:
        """Returns what `keep` kept."""
        with self.connect() as database:
            found = database.execute("SELECT value FROM settings WHERE name = ?", [name]).fetchone()
        return found[0] if found else None

    def keep(self, name: str, value: str) -> None:
        """Keeps a setting for the next start."""
        self._write("INSERT OR REPLACE INTO settings VALUES (?, ?)", name, value)

    def _orders(self, where: str, *values: str) -> Iterator[Order]:
        with self.connect() as database:
            rows = database.execute(f"{_ORDERS} {where}", values).fetchall()
        return (Order(*row) for row in rows)

    def _write(self, statement: str, *values: str) -> None:
        with self.connect() as database:
            database.execute(statement, values)
