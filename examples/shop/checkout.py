"""What the shop decides: when a payment is confirmed, and when it goes back.

The order of the steps is the point. The payment is written down before the seat is confirmed, so that a shop killed in
between finishes at its next start. Omnify's answer to the confirmation decides, and nothing else: not the shop's clock,
not the webhooks, which may be late.
"""

from __future__ import annotations

from typing import Any

import httpx

from examples.shop.bank import TestBank
from examples.shop.omnify import Omnify, Refused
from examples.shop.orders import Orders


class Checkout:
    """Orders, the bank and Omnify together."""

    def __init__(self, *, orders: Orders, bank: TestBank, omnify: Omnify, event_id: int) -> None:
        self.orders, self.bank = orders, bank
        self._omnify, self._event_id = omnify, event_id

    def buy(self, *, name: str, email: str, key: str) -> str:
        """Registers a buyer and opens an order. Returns the ticket's id. Raises Refused, as when it is sold out."""
        ticket_id = self._omnify.register(event_id=self._event_id, name=name, email=email, key=key)
        self.orders.open(ticket_id)
        return ticket_id

    def hear(self, message: dict[str, Any]) -> None:
        """Takes a webhook message, whose signature is verified. It may be late, come again, or be out of turn."""
        ticket = message["data"]
        ticket_id: str = ticket["ticket_id"]
        match message["type"]:
            case "registration.held":
                self.orders.hold(ticket_id, ticket["expires_at"])
            case "registration.confirmed":
                self.orders.end(ticket_id, "confirmed", before=("paid",))
            case "registration.cancelled":
                self.orders.end(ticket_id, "over", before=("waiting", "to_pay"))
                self._refund(ticket_id)
            case "registration.expired" | "registration.rejected":
                # If the money is taken, the confirmation is under way, and its answer decides.
                self.orders.end(ticket_id, "over", before=("waiting", "to_pay"))

    def paid(self, ticket_id: str) -> None:
        """Is told by the bank that the buyer has paid. Told twice, it does the same again, which is harmless."""
        self.orders.pay(ticket_id, self.bank.charge(ticket_id))
        self._settle(ticket_id)

    def give_back(self, ticket_id: str) -> None:
        """Gives the seat to the next in line at once, instead of letting its time run out."""
        self._omnify.cancel(ticket_id)

    def settle_all(self) -> None:
        """Goes on with what a crash or an outage left: at the start, and every few seconds."""
        for order in self.orders.unsettled():
            self._settle(order.ticket_id)

    def _settle(self, ticket_id: str) -> None:
        order = self.orders.find(ticket_id)
        if order is None or order.payment is None or order.state not in ("paid", "confirmed"):
            return
        try:
            self._omnify.confirm(ticket_id, payment_reference=order.payment)
        except Refused as refused:
            if refused.code == "not_held":  # It was late: the seat is another buyer's, so the money goes back.
                self._refund(ticket_id)
            return  # What else is wrong, such as a revoked token, is not the buyer's fault: `settle_all` asks again.
        except httpx.HTTPError:  # Whether it is confirmed is not known: `settle_all` asks again.
            return
        self.orders.end(ticket_id, "confirmed", before=("paid",))

    def _refund(self, ticket_id: str) -> None:
        order = self.orders.find(ticket_id)
        if order is not None and order.payment is not None:
            self.bank.refund(order.payment)
            self.orders.end(ticket_id, "refunded", before=("paid", "confirmed"))
