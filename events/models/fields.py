"""Columns for what a person types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models

from events.domain.text import LINE_MAX, clean_line

if TYPE_CHECKING:
    Characters = models.CharField[str, str]
else:
    Characters = models.CharField


class LineFormField(forms.CharField):
    """A line in a form of Django's: the admin lets in what the API lets in, with the API's sentences."""

    def to_python(self, value: Any) -> str:
        """The cleaned line; nothing, for the form to ask for."""
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
        """The form's field."""
        return super().formfield(**{"form_class": LineFormField, **options})

    def deconstruct(self) -> Any:
        """To a migration it is the column that it has always been."""
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.CharField", arguments, options
