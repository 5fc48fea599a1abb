"""Columns for lines that people type, and for searching them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from events.domain.text import LINE_MAX, clean_line, search_key

if TYPE_CHECKING:
    Characters = models.CharField[str, str]
    Text = models.TextField[str | None, str | None]
else:
    Characters, Text = models.CharField, models.TextField


class LineFormField(forms.CharField):
    """A line in a Django form: the admin accepts what the API accepts, with the API's messages."""

    def to_python(self, value: Any) -> str:
        """Cleans the line; leaves an empty one for the form to report."""
        if value in self.empty_values:
            return ""
        try:
            return clean_line(str(value))
        except ValueError as problem:
            raise ValidationError(str(problem)) from problem


class LineField(Characters):
    """A line of 1 to 255 characters that a person types: every form that Django makes for it cleans it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": LINE_MAX, **options})

    def formfield(self, **options: Any) -> Any:
        """Returns the form's field."""
        return super().formfield(**{"form_class": LineFormField, **options})

    def deconstruct(self) -> Any:
        """Describes it to a migration as the column that it has always been."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options


class SearchKeyField(Text):
    """A text to search in, computed from other columns whenever a row is saved; NULL where it would add nothing.

    `update()` goes past it, as it does past everything: what changes the columns there writes this one too.
    """

    def __init__(self, *sources: str, made_by: Callable[..., str | None] = search_key, **options: Any) -> None:
        super().__init__(**{"null": True, "editable": False, **options})
        self._sources, self._made_by = sources, made_by

    def pre_save(self, model_instance: models.Model, add: bool) -> str | None:
        """Computes the key of the row as it is saved."""
        key = self._made_by(*(getattr(model_instance, name) for name in self._sources))
        setattr(model_instance, self.attname, key)
        return key

    def clone(self) -> Any:
        """Copies the field with its sources: Django would copy what `deconstruct` returns, which leaves them out."""
        return type(self)(*self._sources, made_by=self._made_by)

    def deconstruct(self) -> Any:
        """Describes it to a migration as a column of text."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.TextField", arguments, options
