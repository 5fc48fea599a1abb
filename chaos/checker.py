"""Holds every answer that the crowd got against the outcome. Pure: a history and a ledger in, violations out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chaos import order_checks, seat_checks
from chaos.evidence import Evidence

CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    seat_checks.every_202_is_decided,
    seat_checks.answers_agree_with_the_ledger,
    seat_checks.nothing_is_oversold,
    order_checks.sequences_are_unique,
    order_checks.admission_follows_arrival,
    order_checks.decisions_follow_admission,
    seat_checks.no_email_has_two_seats,
    order_checks.no_status_runs_backwards,
    seat_checks.a_key_names_one_ticket,
    seat_checks.refusals_are_right,
    seat_checks.cancellations_took_effect,
    seat_checks.the_ledger_has_no_strangers,
    order_checks.webhooks_came_in_order,
)


def check(evidence: Evidence) -> dict[str, list[str]]:
    """Returns the violations of every check, by its first line."""
    return {(one.__doc__ or one.__name__).strip(): list(one(evidence)) for one in CHECKS}
