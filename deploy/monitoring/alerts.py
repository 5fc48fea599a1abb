"""The alerts: burn rates of the objectives, and what is wrong however short it lasts.

`page` is for what people notice now or what cannot be undone; `ticket` is for the next working day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deploy.monitoring.objectives import BURNS, LEAST_BAD, OBJECTIVES, Burn, Objective, over, recorded

STALLED_SECONDS = 60
# A store that is away stops all duties, and has an alert of its own.
_STORES_ANSWER = "min(omnify_up) == 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alerting rule; several may share a name and so a runbook."""

    name: str
    expression: str
    severity: str
    summary: str
    lasting: str = ""  # Prometheus's `for`
    window: str = ""  # a label that tells the rules of one burn rate apart


def all_alerts() -> Iterator[Alert]:
    """Returns every alert, those on objectives first."""
    for objective in OBJECTIVES:
        for burn in BURNS:
            yield _on_burn(objective, burn)
    yield from _AT_ONCE


def _on_burn(objective: Objective, burn: Burn) -> Alert:
    limit = f"> {burn.rate:g} * {objective.allowed:g}"
    enough = f" and {over(objective.count, burn.long)} >= {LEAST_BAD}" if objective.count else ""
    return Alert(
        name=objective.alert,
        expression=f"{recorded(objective, burn.long)} {limit} and {recorded(objective, burn.short)} {limit}{enough}",
        severity=burn.severity if objective.is_urgent else "ticket",
        summary=objective.summary,
        window=burn.long,
    )


_AT_ONCE = (
    Alert(
        name="OmnifyDecisionsStalled",
        expression=f"max by (event) (omnify_queue_oldest_seconds) > {STALLED_SECONDS}",
        lasting="1m",
        severity="page",
        summary="Registrations of event {{ $labels.event }} are not decided.",
    ),
    Alert(
        name="OmnifyNoWorkers",
        expression="max(omnify_drain_workers) < 1",
        lasting="1m",
        severity="page",
        summary="No drain is alive: registrations are taken in and none is decided.",
    ),
    Alert(
        name="OmnifyOneWorker",
        expression="max(omnify_drain_workers) == 1",
        lasting="15m",
        severity="ticket",
        summary="One drain is left: when it ends, none decides.",
    ),
    Alert(
        name="OmnifyChoresStopped",
        expression=(
            'max by (duty) (omnify_workers_on_duty{duty=~"sweep|expiries|draws"}) < 1'
            f" and on () {_STORES_ANSWER} and on () max(omnify_drain_workers) >= 1"
        ),
        lasting="2m",
        severity="page",
        summary="Drains are alive and decide, but one of their chores is not done: {{ $labels.duty }}.",
    ),
    Alert(
        name="OmnifyNoDeliverers",
        expression=f'max(omnify_workers_on_duty{{duty="deliver"}}) < 1 and on () {_STORES_ANSWER}',
        lasting="2m",
        severity="ticket",
        summary="No deliverer is alive: webhooks wait.",
    ),
    Alert(
        name="OmnifyNoMailers",
        expression=(
            'max(omnify_workers_on_duty{duty="mail"}) < 1 and on () max(omnify_mail_enabled) == 1'
            f" and on () {_STORES_ANSWER}"
        ),
        lasting="2m",
        severity="ticket",
        summary="No mailer is alive: mail waits.",
    ),
    Alert(
        name="OmnifyStoreDown",
        expression="min by (store, instance) (omnify_up) == 0",
        lasting="1m",
        severity="page",
        summary="{{ $labels.instance }} gets no answer from {{ $labels.store }}.",
    ),
    Alert(
        name="OmnifyMetricsMissing",
        expression="absent(omnify_up)",
        lasting="3m",
        severity="page",
        summary="Prometheus gets no metrics: no door answers, or not to Prometheus.",
    ),
    Alert(
        name="OmnifyTicketsLost",
        expression="sum by (found) (increase(omnify_tickets_lost_total[15m])) > 0",
        severity="page",
        summary="Tickets that were accepted are lost (found by: {{ $labels.found }}).",
    ),
    Alert(
        name="OmnifyDecisionsTakenBack",
        expression="sum by (result) (increase(omnify_decisions_taken_back_total[15m])) > 0",
        severity="page",
        summary="People were told decisions that the ledger does not have ({{ $labels.result }}).",
    ),
    Alert(
        name="OmnifyOrphanEvents",
        expression="sum(increase(omnify_orphan_events_total[15m])) > 0",
        severity="page",
        summary="Redis had events that the ledger does not have: their doors are closed.",
    ),
    Alert(
        name="OmnifyRegistrationsInvalid",
        expression='sum(increase(omnify_decisions_total{outcome="invalid"}[1h])) > 0',
        severity="ticket",
        summary="Registrations that the door took in could not be decided.",
    ),
    Alert(
        name="OmnifySpansLost",
        expression='sum by (result) (increase(omnify_trace_spans_total{result=~"refused|dropped"}[1h])) > 0',
        lasting="15m",
        severity="ticket",
        summary="The collector of traces does not take them: spans are {{ $labels.result }}.",
    ),
)
