"""Lists: their query is read, and their pages and links are built, in one place.

A list is a `ListView`. It names its query parameters in `filters`, each with the function that reads its text; every
list also has `page` and `page_size`. A parameter that is unknown, given twice or unreadable is 400 `invalid`, before
anything is looked up. Views find what was read in `self.list_query`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.request import Request

from events.api.fields import MomentField
from events.api.pagination import InvalidPageSize, PageRequest, check_exists, count_pages, page_url, read_page
from events.api.refusals import invalid_fields
from events.api.views.base import ApiView
from events.domain.text import LINE_MAX, clean_line
from events.domain.tickets import parse_reference
from omnify.common.links import link

# Reads the text of a parameter. Raises ValueError with a sentence for people.
Filter = Callable[[str], Any]

_PAGING = ("page", "page_size")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """The query of a list, read. `filters` has the values of those parameters that were sent."""

    page: PageRequest
    filters: Mapping[str, Any]
    url: str
    params: Mapping[str, str]

    def link(self, number: int, *, cursor: str | None = None) -> str:
        """Builds the address of another page with the same filters."""
        return page_url(self.url, self.params, page=number, cursor=cursor)


class ListView(ApiView):
    """Answers GET with a page of a list."""

    filters: ClassVar[Mapping[str, Filter]] = {}
    list_query: ListQuery

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Reads the query as soon as the token is known."""
        super().initial(request, *args, **kwargs)
        if request.method in ("GET", "HEAD"):
            self.list_query = read_query(request, self.filters)


def read_query(request: Request, filters: Mapping[str, Filter]) -> ListQuery:
    """Reads the query.

    Raises:
        Refusal: 400, naming every parameter at fault.
        InvalidPage: `page` is not a number from 1.
    """
    params = {name: str(text) for name, text in request.query_params.items()}
    found, errors = _read_all(request.query_params, filters, also=_PAGING)
    page = _page(params, errors)
    if errors or page is None:
        raise invalid_fields(errors)
    return ListQuery(page=page, filters=found, url=link(request.path), params=params)


def read_filters(request: Request, filters: Mapping[str, Filter]) -> dict[str, Any]:
    """Reads the query of what is no list of pages. Raises Refusal: 400, naming every parameter at fault."""
    found, errors = _read_all(request.query_params, filters)
    if errors:
        raise invalid_fields(errors)
    return found


def _read_all(
    query: QueryDict, filters: Mapping[str, Filter], also: Sequence[str] = ()
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    errors: dict[str, list[str]] = {}
    found: dict[str, Any] = {}
    for name, texts in query.lists():
        if name not in filters and name not in also:
            errors[name] = [f"This list has no such parameter. It has: {', '.join((*also, *filters))}."]
        elif len(texts) > 1:
            errors[name] = ["This may be given once."]
        elif name in filters:
            _read(filters[name], name, str(texts[0]), found, errors)
    return found, errors


def _read(read: Filter, name: str, text: str, found: dict[str, Any], errors: dict[str, list[str]]) -> None:
    try:
        found[name] = read(text)
    except ValueError as problem:
        errors[name] = [str(problem)]


def _page(params: Mapping[str, str], errors: dict[str, list[str]]) -> PageRequest | None:
    try:
        # A page that does not exist is 404, but a query that cannot be read is 400 first.
        return read_page({name: text for name, text in params.items() if not (errors and name == "page")})
    except InvalidPageSize as problem:
        errors["page_size"] = [str(problem)]
        return None


def numbered_page(
    query: ListQuery, rows: QuerySet[Any], render: Callable[[list[Any]], Sequence[Any]]
) -> dict[str, Any]:
    """Reads a page by its number, with one COUNT and one SELECT, and builds the `data` of the answer.

    Raises:
        InvalidPage: there are fewer pages.
    """
    page = query.page
    total = rows.count()
    check_exists(page, total_items=total)
    shown = list(rows[page.offset : page.offset + page.size])
    return page_data(query, total_items=total, results=render(shown), more=page.offset + len(shown) < total)


def page_data(
    query: ListQuery,
    *,
    total_items: int,
    results: Sequence[Any],
    more: bool,
    after: str | None = None,
    before: str | None = None,
) -> dict[str, Any]:
    """Builds the `data` of a page. `more` says whether another follows; `after` and `before` are the links' cursors."""
    number = query.page.number
    return {
        "total_items": total_items,
        "total_pages": count_pages(total_items=total_items, size=query.page.size),
        "current_page": number,
        "next_page": query.link(number + 1, cursor=after) if more else None,
        "previous_page": query.link(number - 1, cursor=before) if number > 1 else None,
        "results": results,
    }


def one_of(*names: str) -> Filter:
    """Reads one of `names`."""

    def read(text: str) -> str:
        if text not in names:
            raise ValueError(f"One of {', '.join(names)}.")
        return text

    return read


def flag(text: str) -> bool:
    """Reads `true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError("Either true or false.")
    return text == "true"


def number(text: str) -> int:
    """Reads a whole number from 1, such as an id."""
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise ValueError("A whole number from 1.")
    return int(text)


def ticket_reference(text: str) -> tuple[int, str]:
    """Reads the reference of a ticket: its event, and the first characters of its key."""
    found = parse_reference(text)
    if found is None:
        raise ValueError("This must be the reference of a ticket, such as 7-k3Jd9QxW.")
    return found


def moment(text: str) -> datetime:
    """Reads a time with an offset, in UTC."""
    try:
        return MomentField().to_internal_value(text)
    except serializers.ValidationError as problem:
        raise ValueError(*problem.args) from problem


def search_text(text: str) -> str:
    """Reads the text to search for; white space alone is no search."""
    if not text.strip():
        return ""
    try:
        return clean_line(text)
    except ValueError as problem:
        raise ValueError(f"At most {LINE_MAX} characters that can be seen.") from problem
