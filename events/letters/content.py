"""The content of a mail before it takes a form: the same goes into the text and into the HTML.

A mail says in its heading what has happened, then what to do next, in at most one button; facts stand below.
"""

from __future__ import annotations

from msgspec import Struct


class Fact(Struct, frozen=True):
    """A line such as "When: Tuesday"; of a change, with what it was before."""

    label: str
    value: str
    old: str = ""


class Button(Struct, frozen=True):
    """A link that asks to be followed."""

    label: str
    url: str


class Block(Struct, frozen=True, kw_only=True):
    """A ticket, or the event: facts, the QR code to show, and what can be done.

    Attributes:
        title: says which ticket, where there are several.
        code: what the QR code holds; empty: none.
    """

    title: str = ""
    code: str = ""
    facts: tuple[Fact, ...] = ()
    button: Button | None = None


class Content(Struct, frozen=True, kw_only=True):
    """What a mail says.

    Attributes:
        preheader: what lists of mails show behind the subject.
        tone: `good`, `bad` or `plain`, the colour of the line above the heading.
        notes: small print below the blocks.
        why: why this mail was sent, at its end.
    """

    subject: str
    preheader: str
    heading: str
    tone: str = "plain"
    paragraphs: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    notes: tuple[str, ...] = ()
    why: str = ""
