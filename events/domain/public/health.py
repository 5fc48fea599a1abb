"""What health checks say."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Alive(Struct, frozen=True):
    """The process answers."""

    status: Annotated[str, Meta(examples=["alive"], extra_json_schema={"enum": ["alive"]})]


class OpenDoor(Struct, frozen=True):
    """The queue takes registrations."""

    status: Annotated[str, Meta(examples=["open"], extra_json_schema={"enum": ["open"]})]


class Readiness(Struct, frozen=True, kw_only=True):
    """What the service needs, each `ok`; and what it is ready without: `ok`, or a sentence about what is missing."""

    redis: Annotated[str, Meta(examples=["ok"])]
    database: Annotated[str, Meta(examples=["ok"])]
    workers: Annotated[str, Meta(examples=["ok"])]
    deliverers: Annotated[str, Meta(examples=["ok"])]
    mailers: Annotated[str, Meta(examples=["ok", "Off: EMAIL_URL."])]
