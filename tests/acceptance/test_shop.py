"""`examples/shop`: who pays, who is late, who pays twice, who never comes back; and a shop that is killed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from examples.shop.bank import TestBank as Bank
from examples.shop.checkout import Checkout
from examples.shop.omnify import Omnify
from examples.shop.orders import Orders
from omnify.embedded.ports import LOOPBACK, free_port
from tests.support.service.event import Event, open_event
from tests.support.service.holds import held, let_run_out
from tests.support.service.processes import Service
from tests.support.shop import open_shop

pytestmark = pytest.mark.acceptance

HOLD = {"seconds": 600, "confirmed_by": "organizer", "applies_to": "all"}
FORGED = b'{"type": "registration.cancelled", "data": {"ticket_id": "1-x"}}'
UNSIGNED = {"webhook-id": "msg_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
YOURS, LATE, NOTHING, IN_LINE = "The seat is yours", "Refunded", "No seat", "You are in line"


def paid_drop(service: Service, *, seats: int) -> Event:
    return open_event(service, capacity=seats, waitlist_capacity=5, hold=HOLD)


def money(book: Path) -> int:
    """Payments that the bank took and did not give back."""
    return Bank(Orders(book)).balance()


def test_a_buyer_pays_and_pays_again(service: Service, tmp_path: Path) -> None:
    event, book = paid_drop(service, seats=1), tmp_path / "book"
    with open_shop(event, book) as shop:
        ticket_id = shop.buy(1)
        page = shop.shows(ticket_id, "Your seat is set aside")
        left = re.search(r'data-seconds="(\d+)"', page)
        assert left
        assert 300 < int(left[1]) <= 600
        assert "did not go through" in shop.order(shop.at_the_bank(ticket_id, "fail"))
        assert event.ticket(ticket_id)["status"] == "held"
        assert shop.address.ask("POST", "/webhooks", FORGED, UNSIGNED).status == 401
        for _ in range(2):
            assert YOURS in shop.order(shop.at_the_bank(ticket_id, "pay"))
        assert event.decided(ticket_id)["status"] == "confirmed"
        assert money(book) == 1


def test_a_buyer_who_is_late_gets_the_money_back_and_one_who_never_comes_has_paid_nothing(
    service: Service, tmp_path: Path
) -> None:
    event, book = paid_drop(service, seats=2), tmp_path / "book"
    with open_shop(event, book) as shop:
        late, absent, next_one = (shop.buy(guest) for guest in (1, 2, 3))
        for ticket_id in (late, absent):
            held(event, ticket_id)
        assert IN_LINE in shop.order(next_one)
        let_run_out(event, late, absent)
        shop.shows(absent, NOTHING)
        assert LATE in shop.order(shop.at_the_bank(late, "pay"))
        shop.shows(next_one, "Your seat is set aside")
        assert YOURS in shop.order(shop.at_the_bank(next_one, "pay"))
        assert event.decided(next_one)["status"] == "confirmed"
        assert money(book) == 1


def test_a_buyer_who_changes_their_mind_lets_the_next_one_pay(service: Service, tmp_path: Path) -> None:
    event = paid_drop(service, seats=1)
    with open_shop(event, tmp_path / "book") as shop:
        first, second = shop.buy(1), shop.buy(2)
        held(event, first)
        assert shop.send(f"/orders/{first}/give-back").status == 303
        shop.shows(first, NOTHING)
        shop.shows(second, "Your seat is set aside")


@pytest.mark.soak(only=True)
def test_a_shop_that_is_killed_after_the_payment_confirms_it_at_its_next_start(
    service: Service, tmp_path: Path
) -> None:
    """It is killed while it cannot reach the service: so the payment is in its book, and nothing else is done."""
    event, book = paid_drop(service, seats=1), tmp_path / "book"
    with open_shop(event, book) as shop:
        ticket_id = shop.buy(1)
        shop.shows(ticket_id, "Your seat is set aside")
    orders, nowhere = Orders(book), Omnify(url=f"http://{LOOPBACK}:{free_port()}", token="none")
    Checkout(orders=orders, bank=Bank(orders), omnify=nowhere, event_id=event.id).paid(ticket_id)
    nowhere.close()
    assert [order.state for order in orders.unsettled()] == ["paid"]
    assert event.ticket(ticket_id)["status"] == "held"
    with open_shop(event, book) as shop:
        shop.shows(ticket_id, YOURS)
    assert event.decided(ticket_id)["status"] == "confirmed"
    assert money(book) == 1
