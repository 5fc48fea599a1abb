"""Reads `?page=` (from 1) and `?page_size=`. Knows neither tables nor views.

Not DRF's paginators: `PageNumberPagination` takes a `page_size` that it cannot read for the default, takes `page=last`
and digits of any script, and makes links from the Host header; `CursorPagination` has neither totals nor numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

DEFAULT_SIZE = 10
MAX_SIZE = 100

# Twelve digits are more rows than any table here will have, and still a number that every database takes.
_NUMBER = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


class InvalidPage(Exception):
    """The requested page does not exist."""


class InvalidPageSize(Exception):
    """The page size is not allowed; the message is a sentence for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Which page a request wants, counted from 1."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        """Counts the items on the pages before."""
        return (self.number - 1) * self.size


def read_page(params: Mapping[str, str]) -> PageRequest:
    """Reads the page from query parameters.

    Raises:
        InvalidPage: `page` is not a number from 1.
        InvalidPageSize: `page_size` is not a number from 1 to `MAX_SIZE`.
    """
    number, size = params.get("page", "1"), params.get("page_size", str(DEFAULT_SIZE))
    if not _NUMBER.fullmatch(number):
        raise InvalidPage
    if not _NUMBER.fullmatch(size) or int(size) > MAX_SIZE:
        raise InvalidPageSize(f"A whole number from 1 to {MAX_SIZE}.")
    return PageRequest(number=int(number), size=int(size))


def count_pages(*, total_items: int, size: int) -> int:
    """Counts the pages; an empty list has one empty page."""
    return max(1, -(-total_items // size))


def check_exists(page: PageRequest, *, total_items: int) -> None:
    """Checks that the page exists, before anything is read.

    Raises:
        InvalidPage: there are fewer pages.
    """
    if page.number > count_pages(total_items=total_items, size=page.size):
        raise InvalidPage


def page_url(url: str, params: Mapping[str, str], **changes: str | int | None) -> str:
    """Builds an address from `url` and `params`, some of them changed; None removes one."""
    wanted = {**params, **changes}
    return f"{url}?{urlencode({name: value for name, value in wanted.items() if value is not None})}"
