"""Where a webhook may go, and what an address has to be."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.webhooks.url import BadUrl, check_url, is_allowed, is_public, read_networks

PRIVATE = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1"),
    *("255.255.255.255", "192.88.99.1", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
    *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::", "2002:808:808::"),
    *("2001::1", "2001:db8::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
    *(
        "100::1",
        "5f00::1",
        "192.0.0.9",
        "192.0.0.192",
        "168.63.129.16",
        "192.31.196.1",
        "192.175.48.1",
        "2001:4:112::1",
    ),
    *("2001:20::1", "3fff::1", "100:0:0:1::1", "2620:4f:8000::1", "fd00:ec2::254", "100.100.100.200"),
]
PUBLIC = ["8.8.8.8", "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_let_through(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("text", ["", "example.org", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "1.2.3.4.5"])
def test_what_is_not_an_address_is_not_public(text: str) -> None:
    assert not is_public(text)


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_gets_through_inside_an_ipv6_one(address: IPv4Address) -> None:
    number = int(address)
    for prefix in ("::ffff:0:0", "64:ff9b::", "::", "::ffff:0:0:0"):
        assert not is_public(str(IPv6Address(int(IPv6Address(prefix)) + number)))
    assert not is_public(str(IPv6Address((0x2002 << 112) + (number << 80))))


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.org/hook?x=1", "https://example.org:443"),
        ("https://Example.ORG", "https://example.org:443"),
        ("https://example.org:8443/", "https://example.org:8443"),
        ("https://8.8.8.8/", "https://8.8.8.8:443"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]:443"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example:443"),
        ("https://example.org./", "https://example.org.:443"),
    ],
)
def test_usual_addresses_are_taken(url: str, origin: str) -> None:
    assert check_url(url, allow_private=False).origin == origin


def test_nothing_is_sent_in_the_clear_unless_private_receivers_are_allowed() -> None:
    for url in ("http://example.org/", "HTTP://example.org/", "http://example.org:443/"):
        with pytest.raises(BadUrl, match=r"must start with https://\.$"):
            check_url(url, allow_private=False)
    assert check_url("http://example.org/", allow_private=True).origin == "http://example.org:80"


@pytest.mark.parametrize("address", [address for address in PRIVATE if "%" not in address])
def test_literal_private_addresses_are_refused_unless_allowed(address: str) -> None:
    url = f"https://[{address}]:8000/" if ":" in address else f"https://{address}:8000/"
    with pytest.raises(BadUrl, match="not a public one"):
        check_url(url, allow_private=False)
    check_url(url, allow_private=True)


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "LOCALHOST", "localhost.", "a.localhost", "db.internal", "printer.local", "nas.home.arpa"),
        *("valkey", "postgres.", "a.test", "b.lan", "c.corp", "x.localdomain", "y.onion"),
    ],
)
def test_names_of_the_inside_are_refused_unless_allowed(host: str) -> None:
    with pytest.raises(BadUrl, match="not a public one"):
        check_url(f"https://{host}/", allow_private=False)
    check_url(f"https://{host}/", allow_private=True)


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "//example.org/", "/hook", "ftp://example.org/", "file:///etc/passwd", "gopher://x.org/"),
        *("https://", "https:///hook", "https://user@example.org/", "https://user:pw@example.org/", "https://@x.org/"),
        *("https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://1.2.3.4.5/"),
        *("https://0x7f.0.0.1/", "https://017700000001/", "https://127.0.0.1./", "https://example.0x1/"),
        *("https://example.org:22/", "https://example.org:25/", "https://example.org:0/", "https://example.org:6000/"),
        *("https://example.org:65536/", "https://example.org:x/", "https://example.org:-1/"),
        *("https://example.org/#part", "https://example.org/a b", "https://example.org/\n", "https://exämple.org/"),
        *("https://example.org\\@evil.example/", "https://ex%61mple.org/", "https://-x.example/", "https://a..b/"),
        *("https://[fe80::1%25eth0]/", "https://[::1/", "https://" + "a" * 64 + ".org/", "https://x.org/" + "a" * 2048),
    ],
)
@pytest.mark.parametrize("allow_private", [True, False])
def test_odd_addresses_are_refused_whatever_is_allowed(url: str, allow_private: bool) -> None:
    with pytest.raises(BadUrl):
        check_url(url, allow_private=allow_private)


@given(st.text(max_size=60))
def test_any_text_is_either_taken_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://example.org{text}"):
        with contextlib.suppress(BadUrl):
            assert check_url(url, allow_private=False).port > 0


def test_an_operator_denies_ranges_of_their_own() -> None:
    denied = read_networks(" 8.8.8.0/24, 2a00:1450::/32,")
    for address, public in (("8.8.8.8", False), ("8.8.9.8", True), ("2a00:1450:4001:80b::200e", False)):
        assert is_public(address, denied=denied) is public
        assert is_allowed(address, allow_private=True, denied=denied) is public
    assert not is_allowed("::ffff:8.8.8.8", allow_private=True, denied=denied), "nor inside an IPv6 address"
    assert is_allowed("127.0.0.1", allow_private=True, denied=denied)
    assert not is_allowed("127.0.0.1", allow_private=False, denied=())


@pytest.mark.parametrize("text", ["8.8.8.8/24", "all", "8.8.8.0/33", "10.0.0.0/8 11.0.0.0/8"])
def test_a_range_that_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a range of addresses"):
        read_networks(text)
