"""The payment provider in its test mode: it takes every payment, once for each order, and gives it back once.

A real one is a website of its own. It knows nothing of seats and of how long they are held, so it also takes the
money of a buyer who is late. That is why the shop has to be able to refund.
"""

from __future__ import annotations

import secrets

from examples.shop.orders import Orders

_TABLE = """
CREATE TABLE IF NOT EXISTS payments (
    reference TEXT PRIMARY KEY, ticket_id TEXT UNIQUE NOT NULL, refunded INTEGER NOT NULL DEFAULT 0
)
"""


class TestBank:
    """Keeps its payments beside the shop's orders."""

    def __init__(self, orders: Orders) -> None:
        self._connect = orders.connect
        with self._connect() as database:
            database.execute(_TABLE)

    def charge(self, ticket_id: str) -> str:
        """Takes the money for an order; asked again, it takes no more. Returns the payment's reference."""
        with self._connect() as database:
            reference = f"test_{secrets.token_hex(8)}"
            database.execute(
                "INSERT OR IGNORE INTO payments (reference, ticket_id) VALUES (?, ?)", [reference, ticket_id]
            )
            found = database.execute("SELECT reference FROM payments WHERE ticket_id = ?", [ticket_id]).fetchone()
        return str(found[0])

    def refund(self, reference: str) -> None:
        """Gives the money back; asked again, it gives no more."""
        with self._connect() as database:
            database.execute("UPDATE payments SET refunded = 1 WHERE reference = ?", [reference])

    def balance(self) -> int:
        """Counts the payments that were taken and not given back."""
        with self._connect() as database:
            return int(database.execute("SELECT count(*) FROM payments WHERE refunded = 0").fetchone()[0])
