"""The objectives: what share of what may be bad, and the expression that measures it over a window.

Alerts look at burn rates in several windows, as chapter 5 of Google's "The Site Reliability Workbook" has it
("Multiwindow, Multi-Burn-Rate Alerts"). A burn rate of 1 uses up in 30 days exactly what the objective allows in them.
"""

from __future__ import annotations

from dataclasses import dataclass

# Bounds in seconds. The first is the upper bound of a bucket of `omnify_admission_seconds`.
ADMISSION_SECONDS = 0.2
DECISION_SECONDS = 15
WEBHOOK_SECONDS = 60
MAIL_SECONDS = 300

REGISTER = 'omnify_door_answers_total{route="register"}'
REGISTER_FAILED = 'omnify_door_answers_total{route="register",status=~"5.."}'
ADMISSIONS = "omnify_admission_seconds_count"
ADMISSIONS_FAST = f'omnify_admission_seconds_bucket{{le="{ADMISSION_SECONDS}"}}'
# Of few registrations one that failed would be a large share: an objective counts after so many in the long window.
LEAST_BAD = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One objective. `bad` is the share that was bad in `{window}`, from 0 to 1; `count`, how many were."""

    name: str  # of the recorded series: `omnify:<name>:ratio_<window>`
    alert: str
    allowed: float
    bad: str
    is_urgent: bool
    summary: str
    count: str = ""


@dataclass(frozen=True, slots=True)
class Burn:
    """An alert fires while both windows burn faster than `rate`; the short one ends it soon after the trouble."""

    rate: float
    long: str
    short: str
    severity: str


# The table of the workbook: 2 % of the budget in an hour, 5 % in six hours, 10 % in a day, 10 % in three days.
BURNS = (
    Burn(14.4, "1h", "5m", "page"),
    Burn(6, "6h", "30m", "page"),
    Burn(3, "1d", "2h", "ticket"),
    Burn(1, "3d", "6h", "ticket"),
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")

OBJECTIVES = (
    Objective(
        name="accepts_failed",
        alert="OmnifyAcceptsFailing",
        allowed=0.001,
        bad=f"sum(rate({REGISTER_FAILED}[{{window}}])) / sum(rate({REGISTER}[{{window}}]))",
        count=f"sum(increase({REGISTER_FAILED}[{{window}}]))",
        is_urgent=True,
        summary="Registrations are answered with errors.",
    ),
    Objective(
        name="admissions_slow",
        alert="OmnifyAcceptsSlow",
        allowed=0.01,
        bad=f"1 - sum(rate({ADMISSIONS_FAST}[{{window}}])) / sum(rate({ADMISSIONS}[{{window}}]))",
        count=f"sum(increase({ADMISSIONS}[{{window}}])) - sum(increase({ADMISSIONS_FAST}[{{window}}]))",
        is_urgent=True,
        summary=f"Writing registrations into the queue takes more than {ADMISSION_SECONDS} s.",
    ),
    Objective(
        name="decisions_late",
        alert="OmnifyDecisionsLate",
        allowed=0.005,
        bad="avg_over_time(omnify:decisions_late[{window}])",
        is_urgent=True,
        summary=f"A registration has waited for more than {DECISION_SECONDS} s for its decision, again or for long.",
    ),
    Objective(
        name="webhooks_late",
        alert="OmnifyWebhooksLate",
        allowed=0.01,
        bad="avg_over_time(omnify:webhooks_late[{window}])",
        is_urgent=False,
        summary=f"Webhook messages to receivers that work wait for more than {WEBHOOK_SECONDS} s.",
    ),
    Objective(
        name="mail_late",
        alert="OmnifyMailLate",
        allowed=0.01,
        bad="avg_over_time(omnify:mail_late[{window}])",
        is_urgent=False,
        summary=f"Mail waits for more than {MAIL_SECONDS} s.",
    ),
)
# 1 while it is too late, 0 otherwise; their average over a window is the share of it that was bad. Every web process
# reads the same queues, so whichever shows the most is right.
STATES = {
    "omnify:decisions_late": f"max(omnify_queue_oldest_seconds) > bool {DECISION_SECONDS}",
    "omnify:webhooks_late": f"max(omnify_webhook_oldest_seconds) > bool {WEBHOOK_SECONDS}",
    "omnify:mail_late": f"max(omnify_mail_oldest_seconds) > bool {MAIL_SECONDS}",
}


def over(expression: str, window: str) -> str:
    """Returns an objective's expression for one window."""
    return expression.replace("{window}", window)


def recorded(objective: Objective, window: str) -> str:
    """Returns the name of the series that has an objective's bad share in a window."""
    return f"omnify:{objective.name}:ratio_{window}"
