"""Decodes the service's JSON responses as far as a crowd needs them."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from rehearsal.http import Response
from rehearsal.records import NO_ANSWER

Data = TypeVar("Data")


class Envelope(msgspec.Struct, Generic[Data]):
    """A response of either shape: an error has a `code`, a success has `data`."""

    code: str = ""
    data: Data | None = None


def decode(decoder: msgspec.json.Decoder[Envelope[Data]], response: Response | None) -> tuple[int, Envelope[Data]]:
    """Returns the status, `NO_ANSWER` without a response, and the decoded body.

    A body that is not in the service's shape has neither code nor data, and so fails the proofs.
    """
    if response is None:
        return NO_ANSWER, Envelope()
    try:
        return response.status, decoder.decode(response.body)
    except msgspec.MsgspecError:
        return response.status, Envelope()
