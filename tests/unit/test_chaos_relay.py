"""What the relay of a delayed cable does with a frame."""

from __future__ import annotations

import socket

from chaos.relay import Delay, belongs_to

HERE, PEER, OTHER = map(socket.inet_aton, ("10.77.0.10", "10.77.0.11", "10.77.0.12"))


def _frame(source: bytes, target: bytes, kind: bytes = b"\x08\x00") -> bytes:
    """As the kernel hands it over: its own header, that of Ethernet, and that of IPv4 up to the addresses."""
    return bytes(10) + bytes(12) + kind + bytes(12) + source + target + b"payload"


def _passed_on(delay: Delay, now: float) -> list[bytes]:
    return list(iter(lambda: delay.pop(now), None))


def test_a_frame_goes_on_when_its_delay_is_over_and_not_before() -> None:
    delay = Delay(delay=0.1, jitter=0.0)
    delay.add(b"one", 5.0)
    delay.add(b"two", 5.01)
    assert _passed_on(delay, 5.09) == []
    assert delay.next_due == 5.1
    assert _passed_on(delay, 5.1) == [b"one"]
    assert _passed_on(delay, 6.0) == [b"two"]
    assert delay.next_due == float("inf")


def test_jitter_lengthens_a_delay_and_lets_no_frame_overtake_another() -> None:
    drawn = iter((1.0, 0.0))
    delay = Delay(delay=0.1, jitter=0.05, draw=lambda: next(drawn))
    delay.add(b"one", 0.0)
    delay.add(b"two", 0.0)
    assert _passed_on(delay, 0.14) == []
    assert _passed_on(delay, 0.1501) == [b"one", b"two"]


def test_only_frames_of_the_peer_wait_and_all_do_without_one() -> None:
    assert belongs_to(_frame(HERE, PEER), PEER)
    assert belongs_to(_frame(PEER, HERE), PEER)
    assert not belongs_to(_frame(HERE, OTHER), PEER)
    assert not belongs_to(_frame(HERE, PEER, kind=b"\x08\x06"), PEER)
    assert belongs_to(_frame(HERE, OTHER), b"")
