"""Parses bodies: JSON in UTF-8, of limited size, with characters and numbers that the stores can keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import IO, Any

import msgspec
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from events.api.refusals import Refusal
from omnify.common.envelope import Code

MAX_BODY_BYTES = 16 * 1024
# A description has up to 10,000 characters, of which JSON may write each with 12 bytes.
EVENT_BODY_BYTES = MAX_BODY_BYTES + 12 * 10_000


class JSONBodyParser(BaseParser):
    """Parses with msgspec: no NaN, no lone surrogates, no bytes after the end."""

    media_type = "application/json"

    def parse(
        self, stream: IO[bytes], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """Returns the object.

        Raises:
            Refusal: 413, the body is over what the view says, `MAX_BODY_BYTES` unless told.
            ParseError: 400, it is not JSON.
        """
        most: int = getattr((parser_context or {}).get("view"), "max_body_bytes", MAX_BODY_BYTES)
        content = stream.read(most + 1)
        if len(content) > most:
            raise Refusal(Code.PAYLOAD_TOO_LARGE, 413, f"A body may have {most} bytes at most.")
        try:
            document = msgspec.json.decode(content)
        except (ValueError, RecursionError) as problem:
            raise ParseError("The body is not valid JSON.") from problem
        if not isinstance(document, dict):
            raise ParseError("The body must be a JSON object.")
        return document


class OneFormat(BaseContentNegotiation):
    """Answers JSON whatever `Accept` says, so that an error is readable for a client that wants something else."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """Returns the JSON parser; None, which is a 415, for another Content-Type."""
        kind = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Returns the view's first renderer."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type or ""
