"""The event log, as an organizer reads it: what their webhooks were told, or would have been."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from events.domain.public.definition import Link, Time

MESSAGE_ID = "msg_4711_0_5f0c9a1e"


class LogMessage(Struct, frozen=True, kw_only=True):
    """A message: the body of the webhook, with its id."""

    id: Annotated[
        str,
        Meta(description="The `webhook-id` under which webhooks were told the same.", examples=[MESSAGE_ID]),
    ]
    type: Annotated[str, Meta(examples=["registration.confirmed"])]
    timestamp: Annotated[Time, Meta(examples=["2030-11-01T09:00:00.250+00:00"])]
    data: Annotated[
        dict[str, Any],
        Meta(
            description="The ticket as `GET /registrations/{ticket_id}` shows it, or the event; for a token of another "
            "scope than `full` without `ticket_id` and `check_in_code`.",
        ),
    ]


class LogPage(Struct, frozen=True, kw_only=True):
    """Some messages, oldest first."""

    results: Annotated[list[LogMessage], Meta(description="Up to 100, in the order of the log.")]
    has_more: Annotated[bool, Meta(description="Whether others follow already.", examples=[False])]
    next: Annotated[
        Link,
        Meta(
            description="Where the log goes on, now or later: the same address again if nothing came.",
            examples=[f"/log?after={MESSAGE_ID}"],
        ),
    ]
    kept_since: Annotated[
        Time,
        Meta(
            description="What is older is kept no longer. A consumer that has heard nothing since before then has "
            "missed something for good.",
            examples=["2030-10-02T09:00:00.000+00:00"],
        ),
    ]
