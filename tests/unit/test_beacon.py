"""Public randomness: which round a draw waits for, and that no other signature is taken for it."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.beacon import QUICKNET, SEAL_SECONDS, Chain, randomness
from tests.support.drand_rounds import RANDOMNESS_OF_1000, ROUNDS
from verify import omnify_verify
from worker.beacon import read_round, round_reader

URL = "https://drand.example.org"


def is_signed(chain: Chain, number: int, signature: bytes) -> bool:
    """Imports `py_ecc` when it is needed: it takes a second, in every worker that collects the tests."""
    from events.domain import beacon_signature

    return beacon_signature.is_signed(chain, number, signature)


def test_a_round_that_was_published_is_signed_by_its_chain() -> None:
    assert is_signed(QUICKNET, 123, ROUNDS[123])
    assert omnify_verify.is_round(1000, ROUNDS[1000])


def test_another_rounds_signature_is_not_taken_for_it() -> None:
    assert not is_signed(QUICKNET, 1001, ROUNDS[1000])
    assert not omnify_verify.is_round(1000, ROUNDS[123])


def test_a_round_gives_what_drand_says() -> None:
    assert randomness(ROUNDS[1000]) == RANDOMNESS_OF_1000


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        bytes(48),
        bytes([0xC0, *bytes(47)]),  # the point at infinity
        ROUNDS[1000][:-1] + b"\x00",
        ROUNDS[1000] + b"\x00",
    ],
)
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    assert not is_signed(QUICKNET, 1000, signature)
    assert not omnify_verify.is_round(1000, signature)


@given(st.integers(1_700_000_000_000, 4_000_000_000_000))
def test_a_draw_waits_for_the_first_round_a_minute_after_it(draw_ms: int) -> None:
    number = QUICKNET.round_behind(draw_ms)
    earliest = draw_ms + SEAL_SECONDS * 1000
    assert QUICKNET.time_of(number) >= earliest > QUICKNET.time_of(number - 1)


def served(monkeypatch: pytest.MonkeyPatch, status: int, **fields: object) -> list[str]:
    """Has the drand server answer so. Returns the addresses that are asked for."""
    asked: list[str] = []

    def get(url: str, timeout: float) -> httpx.Response:
        asked.append(url)
        return httpx.Response(status, json=fields)

    monkeypatch.setattr(httpx, "get", get)
    return asked


def test_a_round_is_read_by_its_number_and_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = served(monkeypatch, 200, round=1000, signature=ROUNDS[1000].hex())
    assert round_reader(URL)(1000) == ROUNDS[1000]
    assert asked == [f"{URL}/{QUICKNET.name.hex()}/public/1000"]


def test_a_round_that_cannot_be_had_or_is_another_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for status, fields in (
        (425, {}),
        (200, {}),
        (200, {"signature": "zz"}),
        (200, {"signature": 7}),
        (200, {"round": 1000, "signature": ROUNDS[123].hex()}),
    ):
        served(monkeypatch, status, **fields)
        assert read_round(URL, QUICKNET, 1000) is None

    def away(url: str, timeout: float) -> httpx.Response:
        raise httpx.ConnectTimeout("away")

    monkeypatch.setattr(httpx, "get", away)
    assert read_round(URL, QUICKNET, 1000) is None
    assert round_reader("")(1000) is None


def test_what_verifies_rounds_leaves_the_limit_on_recursion_as_it_is() -> None:
    """Without it a deeply nested JSON text ends the process."""
    for module in ("events.domain.beacon_signature", "verify.omnify_verify"):
        code = (
            "import sys; before = sys.getrecursionlimit()\n"
            f"import {module} as found; getattr(found, 'is_round', lambda *_: None)(1, bytes(48))\n"
            "assert 'py_ecc' in sys.modules; sys.exit(sys.getrecursionlimit() != before)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, module
