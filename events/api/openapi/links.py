"""Which operation leads to which others: the `links` of answers, from what was made to what can be done with it.

`LINKS` has, for an operation and the status of its answer, the operations that it leads to. `parts` are what stands in
the address there: each a JSON Pointer into the answer's `data`, or `{name}`, a part of the address here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Way(NamedTuple):
    """Where an answer leads to."""

    operation_id: str
    parts: Mapping[str, str]


def _all(parts: Mapping[str, str], *operation_ids: str) -> Iterable[Way]:
    return (Way(name, parts) for name in operation_ids)


_HERE = {"event_id": "{event_id}"}
_EVENT = {"event_id": "/id"}
_TICKET = {"ticket_id": "/ticket_id"}
_GUEST = {"event_id": "/event_id", "ticket_id": "/ticket_id"}
_FIRST_GUEST = {**_HERE, "ticket_id": "/results/0/ticket_id"}
_WEBHOOK = {"webhook_id": "/id"}
_OF_A_TICKET = ("read_ticket", "follow_ticket", "cancel_ticket", "confirm_ticket", "read_proof", "check_in")
_OF_A_GUEST = ("correct_attendee", "cancel_attendee", "resend_to_attendee")
_OF_AN_EVENT = (
    *("read_event", "change_event", "register", "list_attendees", "add_attendee", "read_stats", "duplicate_event"),
    *("pause_event", "resume_event", "create_codes", "list_codes", "check_in_by_code", "read_offline_list"),
    *("resend_ticket", "list_mails", "read_mail_status", "list_kept_mails", "read_log_checkpoint", "read_log_key"),
    *("cancel_event", "delete_event"),
)
_OF_A_WEBHOOK = (
    *("read_webhook", "change_webhook", "rotate_secret", "test_webhook", "list_deliveries", "replay_webhook"),
    "delete_webhook",
)

LINKS: Mapping[tuple[str, str], tuple[Way, ...]] = {
    ("create_event", "201"): tuple(_all(_EVENT, *_OF_AN_EVENT)),
    ("duplicate_event", "201"): tuple(_all(_EVENT, "read_event", "change_event", "register", "delete_event")),
    ("list_events", "200"): tuple(_all({"event_id": "/results/0/id"}, "read_event", "register")),
    ("register", "202"): (*_all(_TICKET, *_OF_A_TICKET), *_all(_GUEST, *_OF_A_GUEST)),
    ("read_ticket", "200"): (
        *_all(_TICKET, "follow_ticket", "cancel_ticket", "confirm_ticket", "read_proof"),
        Way("read_event", {"event_id": "/event_id"}),
    ),
    ("add_attendee", "202"): (*_all(_TICKET, *_OF_A_TICKET), *_all(_GUEST, *_OF_A_GUEST)),
    ("list_attendees", "200"): (
        *_all(_FIRST_GUEST, *_OF_A_GUEST),
        *_all({"ticket_id": "/results/0/ticket_id"}, "read_ticket", "check_in"),
        Way("undo_check_in", {**_HERE, "reference": "/results/0/reference"}),
    ),
    ("check_in", "200"): (Way("read_ticket", _TICKET),),
    ("check_in_by_code", "200"): (Way("undo_check_in", {**_HERE, "reference": "/reference"}),),
    ("create_codes", "201"): tuple(_all(_HERE, "list_codes", "revoke_codes")),
    ("list_codes", "200"): (Way("revoke_code", {**_HERE, "code_id": "/results/0/id"}),),
    ("create_token", "201"): (Way("revoke_token", {"token_id": "/id"}), *_all({}, "list_tokens", "read_audit")),
    ("create_webhook", "201"): tuple(_all(_WEBHOOK, *_OF_A_WEBHOOK)),
    ("test_webhook", "202"): (Way("retry_delivery", {"webhook_id": "/webhook_id", "delivery_id": "/id"}),),
    ("list_deliveries", "200"): (
        Way("retry_delivery", {"webhook_id": "{webhook_id}", "delivery_id": "/results/0/id"}),
    ),
    ("list_kept_mails", "200"): tuple(
        _all({**_HERE, "name": "/results/0/name"}, "read_kept_mail", "show_kept_mail"),
    ),
}


def describe_links(result: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    """Adds the links to the answers (a hook of drf-spectacular)."""
    for methods in result["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if ways := LINKS.get((operation["operationId"], status)):
                    answer["links"] = {_name(way): _link(way) for way in ways}
    return result


def _name(way: Way) -> str:
    return "".join(word.capitalize() for word in way.operation_id.split("_"))


def _link(way: Way) -> dict[str, Any]:
    return {"operationId": way.operation_id, "parameters": {part: _found(at) for part, at in way.parts.items()}}


def _found(at: str) -> str:
    return f"$request.path.{at[1:-1]}" if at.startswith("{") else f"$response.body#/data{at}"
