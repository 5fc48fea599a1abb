"""`python -m examples.shop`: creates an event with holds unless it is told one, subscribes, and sells its seats."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from examples.shop.bank import TestBank
from examples.shop.checkout import Checkout
from examples.shop.omnify import Omnify
from examples.shop.orders import Orders
from examples.shop.web import Shop

SETTLE_SECONDS = 5.0


def main() -> None:
    """Runs the shop until Ctrl-C."""
    given = _arguments()
    token = os.environ.get("OMNIFY_TOKEN") or given.token_file.read_text("ascii").strip()
    orders, omnify = Orders(given.book), Omnify(url=given.omnify, token=token)
    event_id = int(orders.setting("event") or given.event or 0)
    event_id = event_id or omnify.create_event(name="Late show", seats=given.seats, hold_seconds=given.hold)
    orders.keep("event", str(event_id))
    checkout = Checkout(orders=orders, bank=TestBank(orders), omnify=omnify, event_id=event_id)
    with Shop(("127.0.0.1", given.port), checkout=checkout, omnify_url=given.omnify) as shop, _settling(checkout):
        url = f"http://127.0.0.1:{shop.server_address[1]}"
        shop.secret = _subscribed(orders, omnify, f"{url}/webhooks", event_id)
        print(f"event {event_id}: {given.omnify}/e/{event_id}\nshop: {url}/", flush=True)
        try:
            shop.serve_forever()
        except KeyboardInterrupt:
            print()
    omnify.close()


def _subscribed(orders: Orders, omnify: Omnify, url: str, event_id: int) -> str:
    """Subscribes, unless an earlier start has. Returns the secret, which is shown once: it is kept with the orders.

    The port is taken by now, so the first message finds the shop.
    """
    secret = orders.setting(url) or omnify.subscribe(url=url, event_id=event_id)
    orders.keep(url, secret)
    return secret


@contextmanager
def _settling(checkout: Checkout) -> Iterator[None]:
    """Goes on with unfinished payments, at once and every few seconds."""
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            checkout.settle_all()
            ended.wait(SETTLE_SECONDS)

    thread = threading.Thread(target=work, name="settle")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.shop", description=__doc__)
    parser.add_argument("--omnify", default="http://127.0.0.1:8000", help="where Omnify is")
    parser.add_argument("--token-file", type=Path, default=Path(".omnify/organizer-token"), help="or $OMNIFY_TOKEN")
    parser.add_argument("--event", type=int, help="an event with a hold; without one it creates its own")
    parser.add_argument("--seats", type=int, default=20, help="of the event that it creates")
    parser.add_argument("--hold", type=int, default=600, help="seconds to pay, in the event that it creates")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--book", type=Path, default=Path("shop.sqlite3"), help="where it keeps its orders")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except (OSError, httpx.HTTPError) as problem:
        raise SystemExit(f"shop: {problem}") from problem
