"""Finds rows by text as people type it: case, accents, width and white space are ignored.

A row is searched in its `search_key`, folded when it was written, or where that is NULL (plain ASCII) in its own
columns, lower-cased while they are read. No extension of the database, no index: one walk over an event's rows.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import F, Model, Q, QuerySet, TextField, Value
from django.db.models.functions import Lower, Replace, StrIndex
from django.db.models.lookups import LessThan

from events.domain.text import fold, spaces_are_optional

Row = TypeVar("Row", bound=Model)


def matching(rows: QuerySet[Row], text: str, *columns: str, first_line_only: bool = False) -> QuerySet[Row]:
    """Filters rows to those with `text` in one of `columns`; an empty text matches all.

    `first_line_only` searches the first line of the key alone, for callers who may not see the other columns.
    """
    if not text:
        return rows
    wanted = fold(text) or text
    key: F | Replace = F("search_key")
    if spaces_are_optional(wanted):
        wanted, key = wanted.replace(" ", ""), Replace("search_key", Value(" "), output_field=TextField())
    plain = {f"plain_{column}": Lower(column) for column in columns}
    in_columns = reduce(or_, (Q(**{f"{name}__contains": wanted}) for name in plain))
    in_key = Q(key__contains=wanted)
    if first_line_only:
        # The text has no line break: if it first occurs before the first one, it also ends before it.
        in_key &= Q(LessThan(StrIndex("key", Value(wanted)), StrIndex("key", Value("\n"))))
    searched: dict[str, Any] = {**plain, "key": key}
    narrowed: QuerySet[Row] = rows.alias(**searched).filter(in_key | (Q(search_key__isnull=True) & in_columns))
    return narrowed
