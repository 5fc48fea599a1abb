"""Validates the ticket types of an event that is created or changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers

from events.api.fields import TextField, WholeNumberField
from events.domain.commands import TypeTerms
from events.domain.seats import MAX_CAPACITY, MAX_QUANTITY
from events.domain.text import fold
from events.models.ticket_type import PRICE_MAX

TYPES_MAX = 50

Item = dict[str, Any]


class PriceField(TextField):
    """Accepts a short line, or nothing."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=PRICE_MAX, allow_blank=True, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Returns the cleaned text."""
        return super().to_internal_value(data) if data else ""


class TicketTypeInput(serializers.Serializer[Any]):
    """One ticket type. With an `id`, what is left out stays as it is."""

    id = WholeNumberField(required=False, min_value=1, help_text="Of a type that the event has already.")
    name = TextField(required=False)
    capacity = WholeNumberField(required=False, min_value=1, max_value=MAX_CAPACITY)
    waitlist_capacity = WholeNumberField(required=False, min_value=0, max_value=MAX_CAPACITY)
    max_quantity = WholeNumberField(
        required=False,
        min_value=1,
        max_value=MAX_QUANTITY,
        help_text="Seats of one registration at most; 1 unless told.",
    )
    price = PriceField(required=False, help_text="Display text, such as `\u20ac 18`.")

    def validate(self, attrs: Item) -> Item:
        """Checks that a new type has a name and a capacity."""
        missing = [] if "id" in attrs else [name for name in ("name", "capacity") if name not in attrs]
        if missing:
            raise serializers.ValidationError({name: ["This field is required."] for name in missing})
        return attrs


def check_beside_types(attrs: Mapping[str, Any], types: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Finds sizes of the event as a whole that contradict those of its ticket types."""
    sums = {
        "max_capacity": sum(found["capacity"] for found in types),
        "waitlist_capacity": sum(found["waitlist_capacity"] for found in types),
    }
    problems = {
        name: [f"With ticket types this is their sum, {total}."]
        for name, total in sums.items()
        if name in attrs and attrs[name] != total
    }
    if "max_quantity" in attrs:
        problems["max_quantity"] = ["With ticket types, each type has its own."]
    if sums["max_capacity"] > MAX_CAPACITY:
        problems["ticket_types"] = [f"Together they may have {MAX_CAPACITY} seats at most."]
    return problems


def check_ids(items: Sequence[Item], known: Mapping[int, Any]) -> list[str]:
    """Finds ids that are not the event's, or stand twice."""
    ids = [item["id"] for item in items if "id" in item]
    strange = [f"This event has no ticket type {found}." for found in dict.fromkeys(ids) if found not in known]
    return strange + [f"Ticket type {found} stands there twice." for found in sorted(set(ids)) if ids.count(found) > 1]


def check_names(types: Sequence[Item]) -> list[str]:
    """Finds names that two types of an event would have: no one could tell which is meant."""
    names: dict[str, str] = {}
    twice = {}
    for found in types:
        folded = fold(found["name"])
        if folded in names:
            twice[folded] = names[folded]
        names.setdefault(folded, found["name"])
    return [f"Two ticket types may not have the same name: {name}." for name in twice.values()]


def complete(items: Sequence[Item], known: Mapping[int, TypeTerms]) -> list[Item]:
    """Fills in what was left out: what a type has, or the default."""
    filled = []
    for item in items:
        before = known.get(item.get("id", 0))
        rest: Item = {"waitlist_capacity": 0, "max_quantity": 1, "price": ""}
        if before is not None:
            rest = {name: getattr(before, name) for name in ("name", "capacity", *rest)}
        filled.append({**rest, **item})
    return filled
