"""Pages: `?page=` (from 1) and `?page_size=` in, one fixed object out. Knows neither tables nor views."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

DEFAULT_SIZE = 10
MAX_SIZE = 100

# Twelve digits are more rows than any table here will have, and still a number that every database takes.
_NUMBER = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


class InvalidPage(Exception):
    """The page asked for does not exist."""


class InvalidPageSize(Exception):
    """The page size is none that a page may have; the message is a sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which page was asked for, counted from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Items on the pages before."""
        return (self.number - 1) * self.size


def read_page(params: Mapping[str, str]) -> Page:
    """The page that query parameters name.

    Raises:
        InvalidPage: `page` is not a number from 1.
        InvalidPageSize: `page_size` is not a number from 1 to `MAX_SIZE`.
    """
    number, size = params.get("page", "1"), params.get("page_size", str(DEFAULT_SIZE))
    if not _NUMBER.fullmatch(number):
        raise InvalidPage
    if not _NUMBER.fullmatch(size) or int(size) > MAX_SIZE:
        raise InvalidPageSize(f"A whole number from 1 to {MAX_SIZE}.")
    return Page(number=int(number), size=int(size))


def count_pages(*, total_items: int, size: int) -> int:
    """How many pages there are; an empty list has one, which is empty."""
    return max(1, -(-total_items // size))


def check_exists(page: Page, *, total_items: int) -> None:
    """Refuses before anything is read.

    Raises:
        InvalidPage: there are fewer pages.
    """
    if page.number > count_pages(total_items=total_items, size=page.size):
        raise InvalidPage


def page_data(
    page: Page,
    *,
    total_items: int,
    results: Sequence[Any],
    next_page: str | None,
    previous_page: str | None,
) -> dict[str, Any]:
    """The `data` of a list."""
    return {
        "total_items": total_items,
        "total_pages": count_pages(total_items=total_items, size=page.size),
        "current_page": page.number,
        "next_page": next_page,
        "previous_page": previous_page,
        "results": results,
    }


def page_url(url: str, params: Mapping[str, str], **changes: str | int | None) -> str:
    """`url` with `params`, some of them changed; None takes one out."""
    wanted = {**params, **changes}
    return f"{url}?{urlencode({name: value for name, value in wanted.items() if value is not None})}"
