"""What the pages at /admin/ share. Nothing there bypasses a rule: an event is saved the way the API saves it.

Lists stay cheap on tables with millions of rows: no totals are counted, and registrations are searched by what has
an index (ticket, event, event and e-mail), not by text anywhere in a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property

from events.admin.audit import Audited

# Django's own classes take no type arguments at run time.
if TYPE_CHECKING:
    AnyPaginator = Paginator[Any]
else:
    AnyPaginator = Paginator


class BoundedPaginator(AnyPaginator):
    """Counts to `LIMIT` and no further: beyond that, searching is faster than paging."""

    LIMIT = 1000

    @cached_property
    def count(self) -> int:
        """Counts the rows, up to `LIMIT`."""
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[: self.LIMIT].count())


class ReadOnly(Audited):
    """Shows rows that cannot be changed here."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Returns False."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Returns False."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Returns False."""
        return False
