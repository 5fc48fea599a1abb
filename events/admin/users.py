"""The operators' own accounts: Django's pages, with their changes in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User

from events.admin.audit import Audited

# Django's own classes take no type arguments at run time.
if TYPE_CHECKING:
    UserAdminBase = UserAdmin[User]
else:
    UserAdminBase = UserAdmin

admin.site.unregister([User, Group])


@admin.register(User)
class AuditedUserAdmin(Audited, UserAdminBase):
    """Shows users of these pages."""


@admin.register(Group)
class AuditedGroupAdmin(Audited, GroupAdmin):
    """Shows their groups."""
