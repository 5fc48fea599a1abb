"""The shop's four pages. Without a script they reload themselves; with one the time left counts down."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from math import ceil

from examples.shop.orders import Order

_FRAME = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>{head}<style>body{{font:1.1rem system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem}}
button,input{{font:inherit;padding:.4rem .8rem;margin:.2rem 0}}</style><h1>{title}</h1>{body}</html>"""
# The seconds that are left are the server's: a device whose clock is wrong counts down all the same.
_COUNTDOWN = """<script>
const left = document.getElementById("left"), end = performance.now() + 1000 * left.dataset.seconds;
setInterval(() => {
  const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
  left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}, 250);
</script>"""
_AGAIN = '<meta http-equiv="refresh" content="{seconds}">'
_WORDS = {
    "waiting": ("You are in line", "This page shows when there is a seat for you."),
    "paid": ("One moment", "Your payment has arrived. We are confirming your seat."),
    "confirmed": ("The seat is yours", "It is paid and confirmed."),
    "refunded": (
        "Refunded",
        "Your time had run out, or your ticket was cancelled. Your money is on its way back.",
    ),
    "over": ("No seat", "You have no seat, and you have paid nothing."),
}


def front(*, key: str, problem: str = "") -> str:
    """Renders the form for a buyer. `key` makes a second click the same order."""
    said = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    form = (
        f'<form method="post" action="/buy"><input type="hidden" name="key" value="{escape(key)}">'
        '<p><label>Name <input name="name" required></label></p>'
        '<p><label>E-mail <input name="email" type="email" required></label></p>'
        "<button>Buy a seat for € 18</button></form>"
    )
    return _FRAME.format(title="Tickets", head="", body=said + form)


def order_page(order: Order, *, now: datetime, failed: bool) -> str:
    """Renders an order in its state."""
    if order.state == "to_pay" and order.expires_at:
        return _to_pay(order, _seconds_left(order.expires_at, now), failed=failed)
    title, text = _WORDS[order.state]
    head = _AGAIN.format(seconds=1) if order.state in ("waiting", "paid") else ""
    link = f'<p><a href="/ticket/{order.ticket_id}">To your ticket</a></p>' if order.state == "confirmed" else ""
    return _FRAME.format(title=title, head=head, body=f"<p>{text}</p>{link}")


def bank_page(ticket_id: str) -> str:
    """Renders the bank's page, with what a buyer may do there."""
    buttons = "".join(
        f'<p><button name="outcome" value="{outcome}">{text}</button></p>'
        for outcome, text in (("pay", "Pay"), ("fail", "Fail"), ("walk_away", "Walk away"))
    )
    body = f'<p>No money moves: this is a test.</p><form method="post" action="/bank/{ticket_id}">{buttons}</form>'
    return _FRAME.format(title="Test bank", head="", body=body)


def _to_pay(order: Order, seconds: int, *, failed: bool) -> str:
    clock = f"{seconds // 60}:{seconds % 60:02}"
    body = (
        ("<p role=alert>The payment did not go through. You can try again.</p>" if failed else "")
        + f'<p>Your seat is set aside for <strong id="left" data-seconds="{seconds}">{clock}</strong>.</p>'
        f'<p><a href="/bank/{order.ticket_id}">Pay € 18</a></p>'
        f'<form method="post" action="/orders/{order.ticket_id}/give-back"><button>I do not want it</button></form>'
        f"{_COUNTDOWN}"
    )
    return _FRAME.format(title="Your seat", head=_AGAIN.format(seconds=max(5, seconds + 2)), body=body)


def _seconds_left(expires_at: str, now: datetime) -> int:
    return max(0, ceil((datetime.fromisoformat(expires_at) - now.astimezone(UTC)).total_seconds()))
