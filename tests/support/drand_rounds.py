"""Rounds of drand's chain "quicknet", as its servers published them: number, signature, randomness."""

from __future__ import annotations

ROUNDS = {
    123: bytes.fromhex(
        "b75c69d0b72a5d906e854e808ba7e2accb1542ac355ae486d591aa9d43765482e26cd02df835d3546d23c4b13e0dfc92"
    ),
    1000: bytes.fromhex(
        "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
    ),
}
# What drand says that round 1000 gives.
RANDOMNESS_OF_1000 = bytes.fromhex("fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd")
