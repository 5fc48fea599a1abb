"""Names and addresses that pass, and those that do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.domain.attendee import EMAIL_MAX, clean_email, clean_name, email_key, guest_search_key


@pytest.mark.parametrize(
    "email",
    [
        "guest@example.com",
        "guest.one+tag@mail.example.co.uk",
        "o'guest@example.com",
        "guest@bücher.example",
        "guest@xn--bcher-kva.example",
        "g@ex-ample.com",
        " guest@example.com ",
        "a" * 64 + "@example.com",
    ],
)
def test_a_valid_address_passes(email: str) -> None:
    assert clean_email(email) == email.strip()


@pytest.mark.parametrize(
    "email",
    [
        "",
        "a@b",
        "guest",
        "@example.com",
        "guest@",
        "guest@@example.com",
        "guest @example.com",
        "guest@example..com",
        "guest@-example.com",
        "guest@example-.com",
        "guest@example.123",
        "guest@example.c",
        ".guest@example.com",
        "guest@exa\x00mple.com",
        "guest@example.com\n",
        "guest@example.com\nbcc: other@example.com",
        "guest\ud800@example.com",
        "a" * 65 + "@example.com",
        "guest@" + "a" * 64 + ".com",
        "guest@" + "a." * 124 + "example.com",
        "<guest@example.com>",
        "guest@[127.0.0.1]",
    ],
)
def test_an_address_that_cannot_be_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match=r"valid e-mail|characters"):
        clean_email(email)


def test_letter_case_does_not_make_another_person() -> None:
    assert email_key("Guest@Example.COM") == email_key("guest@example.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@m\u00fcller.de", "anna@xn--mller-kva.de"),
        ("Anna@M\u00dcLLER.de", "anna@XN--MLLER-KVA.DE"),
        ("anna@mu\u0308ller.de", "anna@m\u00fcller.de"),
        ("anna@\uff45xample.com", "anna@example.com"),
        ("anna@mail\u3002example.com", "anna@mail.example.com"),
        ("a@\u0939\u093f\u0928\u094d\u0926\u0940.\u092d\u093e\u0930\u0924", "a@xn--j2bd4cyah0f.xn--h2brj9c"),
        ("a@\u0e44\u0e17\u0e22.\u0e44\u0e17\u0e22", "a@xn--o3cw4h.xn--o3cw4h"),
        ("a@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", "a@xn--mgba3gch31f060k.com"),
    ],
)
def test_two_spellings_of_one_mailbox_are_one_person(one: str, other: str) -> None:
    assert email_key(clean_email(one)) == email_key(clean_email(other)) == email_key(clean_email(other)).lower()
    assert email_key(one).isascii()


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.b@example.com", "ab@example.com"), ("a+b@example.com", "a@example.com"), ("a@fa\u00df.de", "a@fass.de")],
)
def test_what_a_mail_system_may_tell_apart_stays_apart(one: str, other: str) -> None:
    assert email_key(clean_email(one)) != email_key(clean_email(other))


@pytest.mark.parametrize(
    "email",
    [
        "\uff41nna@m\u00fcller.de",  # a full-width letter before the @
        "anna\uff20m\u00fcller.de",
        "\u00e4nna@example.com",
        "anna@m\u00fcller.de.",
        "anna@example.com.",
        "anna@m\u00fcller",
        "anna@m\u00fc_ller.de",
        "anna@i\u2764.ws",  # IDNA 2008 knows no symbols, in neither spelling
        "anna@xn--i-7iq.ws",
        "anna@xn--a.de",
        "anna@a\u200db.de",
        "anna@b\u200b\u00fc.de",
        "anna@b\u202e\u00fc.de",
        "anna@m\u00fcller.de\n",
        "a" * 65 + "@m\u00fcller.de",
        "anna@" + "\u00fc" * 60 + ".de",
        "a" * 64 + "@" + ".".join(["\u00fc" * 30] * 6) + ".de",  # short enough only as it was typed
    ],
)
def test_a_domain_that_no_mail_system_takes_is_refused(email: str) -> None:
    with pytest.raises(ValueError, match=r"valid e-mail|characters"):
        clean_email(email)


def test_an_address_is_kept_as_it_was_typed_but_composed() -> None:
    assert clean_email(" Anna@Mu\u0308ller.de ") == "Anna@M\u00fcller.de"


@given(st.text(max_size=60), st.text(max_size=30))
def test_what_passes_has_a_key_that_fits_and_is_its_own(local: str, domain: str) -> None:
    try:
        email = clean_email(f"{local}@{domain}.com")
    except ValueError:
        return
    key = email_key(email)
    assert key.isascii()
    assert len(key) <= EMAIL_MAX
    assert clean_email(email) == email
    assert email_key(clean_email(key)) == key


@given(st.text())
def test_every_text_has_a_key(text: str) -> None:
    assert email_key(text) == email_key(email_key(text))


def test_a_search_finds_both_spellings_of_a_domain() -> None:
    typed, sent = guest_search_key("Anna", "anna@m\u00fcller.de"), guest_search_key("Anna", "anna@xn--mller-kva.de")
    for line in ("anna@muller.de", "anna@xn--mller-kva.de"):
        assert line in (typed or "").split("\n")
        assert line in (sent or "").split("\n")


def test_plain_ascii_needs_no_key_of_its_own() -> None:
    assert guest_search_key("Guest 1", "Guest1@example.org") is None
    assert guest_search_key("Guest  1", "guest1@example.org") == "guest 1\nguest1@example.org"
    assert guest_search_key("Jos\u00e9", "Guest1@example.org") == "jose\nguest1@example.org"


@pytest.mark.parametrize("name", ["Guest", "  Guest ", "\u5ba2\u4eba", "x" * 255])
def test_a_name_in_any_script_passes(name: str) -> None:
    assert clean_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "Gu\x00est", "Gu\nest", "Gu\x7fest", "\ud800", "\u200b"])
def test_a_name_that_cannot_be_stored_or_seen_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        clean_name(name)
