"""The tag by which templates say a text in the page's language; every template has it.

    {% t %}Sold out{% endt %}
    {% t time=retry_time %}Please try again in {time}.{% endt %}
    {% t count=quantity %}You have a seat{% many %}You have {count} seats{% endt %}

The text may contain markup, and no other tag or variable: what it needs is given to the tag by name. Values are
escaped, but not in a plain text (`autoescape off`); whole numbers are written as the language does. The language is the
context's `language`, English without it.
"""

from __future__ import annotations

from typing import Any

from django.template import Library, Node, TemplateSyntaxError
from django.template.base import FilterExpression, NodeList, Parser, TextNode, Token, token_kwargs
from django.utils.html import conditional_escape

from omnify.common.languages import DEFAULT, Language, language

register = Library()


class TranslatedText(Node):
    """A text in one form, or in the form for a number."""

    def __init__(self, values: dict[str, FilterExpression], one: str, many: str) -> None:
        self._values = values
        self._one = one
        self._many = many

    def render(self, context: Any) -> str:
        """Says it in the language of the context."""
        said_in: Language = context.get("language") or language(DEFAULT)
        values = {name: _value(found.resolve(context), context) for name, found in self._values.items()}
        if not self._many:
            return said_in.gettext(self._one, **values)
        count = values.pop("count")
        return said_in.ngettext(self._one, self._many, int(count), **values)


@register.tag
def t(parser: Parser, token: Token) -> TranslatedText:
    """Reads the tag up to its end."""
    values = token_kwargs(token.split_contents()[1:], parser)
    one, many = _text(parser.parse(("many", "endt"))), ""
    if parser.next_token().contents == "many":
        many = _text(parser.parse(("endt",)))
        parser.delete_first_token()
        if "count" not in values:
            raise TemplateSyntaxError("A text in several forms needs count=…")
    return TranslatedText(values, one, many)


def _text(nodes: NodeList) -> str:
    if not all(isinstance(node, TextNode) for node in nodes):
        raise TemplateSyntaxError("A text contains no tags and variables: give them to {% t %} by name.")
    return " ".join("".join(node.s for node in nodes if isinstance(node, TextNode)).split())


def _value(value: Any, context: Any) -> str | int:
    if isinstance(value, int):
        return value
    return str(conditional_escape(value) if context.autoescape else value)
