"""Which address a request counts under: never one that the client chose."""

from __future__ import annotations

import pytest

from events.domain.addresses import client_address

PEER = "203.0.113.9"


def behind(proxies: int, *forwarded: str, peer: str = PEER) -> str:
    return client_address(peer=peer, forwarded=[value.encode() for value in forwarded], trusted_proxies=proxies)


def test_without_trusted_proxies_the_header_is_not_looked_at() -> None:
    assert behind(0, "198.51.100.1") == PEER
    assert behind(0) == PEER


@pytest.mark.parametrize(
    ("proxies", "header", "expected"),
    [
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "6.6.6.6, 198.51.100.1, 192.0.2.1", "198.51.100.1"),
        (2, "198.51.100.1, 192.0.2.1", "198.51.100.1"),
        (3, "198.51.100.1, 192.0.2.1", "198.51.100.1"),  # fewer hops than proxies: the leftmost
    ],
)
def test_each_trusted_proxy_vouches_for_one_address_from_the_right(proxies: int, header: str, expected: str) -> None:
    assert behind(proxies, header) == expected


def test_several_headers_are_one_list_in_order() -> None:
    assert behind(1, "6.6.6.6", "7.7.7.7, 198.51.100.1") == "198.51.100.1"
    assert behind(2, "198.51.100.1", "192.0.2.1") == "198.51.100.1"


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        " ",
        "unknown",
        "_hidden",
        "198.51.100",
        "198.51.100.1:x",
        "198.051.100.1",
        "198.51.100.1\0",
        "[2001:db8::1",
        "[2001:db8::1]x",
        "é",
    ],
)
def test_what_is_no_address_counts_as_the_peers(garbage: str) -> None:
    assert behind(1, f"198.51.100.1, {garbage}") == PEER


def test_no_header_behind_a_proxy_counts_as_the_peers() -> None:
    assert behind(2) == PEER


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("198.51.100.1:4711", "198.51.100.1"),
        ("::ffff:198.51.100.1", "198.51.100.1"),
        ("[::ffff:198.51.100.1]:80", "198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:DB8:1:2::]:443", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::1%eth0]:80", "fe80::/64"),
    ],
)
def test_an_address_has_one_spelling(written: str, address: str) -> None:
    assert behind(1, f" {written}\t") == address
    assert behind(0, peer=written) == address


def test_two_addresses_of_one_64_count_together_and_of_two_do_not() -> None:
    assert behind(0, peer="2001:db8:1:2::1") == behind(0, peer="2001:db8:1:2:ffff::1")
    assert behind(0, peer="2001:db8:1:2::1") != behind(0, peer="2001:db8:1:3::1")


def test_a_unix_socket_has_no_address() -> None:
    assert behind(0, peer="") == ""
    assert behind(1, "198.51.100.1", peer="") == "198.51.100.1"
