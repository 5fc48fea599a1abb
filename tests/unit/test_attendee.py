"""Names and addresses that pass, and those that do not."""

from __future__ import annotations

import pytest

from events.domain.attendee import clean_email, clean_name, email_key


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


@pytest.mark.parametrize("name", ["Guest", "  Guest ", "客人", "Ó'Guest-Example 3rd", "x" * 255, "👩‍👩‍👧"])
def test_a_name_in_any_script_passes(name: str) -> None:
    assert clean_name(name) == name.strip()


@pytest.mark.parametrize("name", ["", "   ", "x" * 256, "Gu\x00est", "Gu\nest", "Gu\x7fest", "\ud800"])
def test_a_name_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        clean_name(name)
