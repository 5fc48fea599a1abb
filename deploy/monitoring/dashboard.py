"""Builds the dashboard of Grafana with Grafana's own library, which knows the format.

From top to bottom a registration's way: what needs a look first, then door, queue and drains, ledger's consequences
(webhooks, mail), and what should stay at zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard, prometheus, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import DataSourceRef

from deploy.monitoring.objectives import OBJECTIVES, REGISTER, REGISTER_FAILED, recorded

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Graph:
    """One graph: `queries` has an expression for each legend."""

    title: str
    unit: str
    queries: dict[str, str]
    description: str = ""


def _rate(counter: str, by: str) -> str:
    return f"sum by ({by}) (rate({counter}[$__rate_interval]))"


def _quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket[$__rate_interval])))"


def _mean(histogram: str) -> str:
    return f"sum(rate({histogram}_sum[$__rate_interval])) / sum(rate({histogram}_count[$__rate_interval]))"


def _quantiles(histogram: str) -> dict[str, str]:
    return {"median": _quantile(0.5, histogram), "99 %": _quantile(0.99, histogram)}


ROWS: dict[str, tuple[Graph, ...]] = {
    "At a glance": (
        Graph(
            "Registrations: answers by status",
            "reqps",
            {"{{status}}": _rate(REGISTER, "status")},
            "202: taken in. 409 and 429: refused for a reason. 5xx: the objective counts these as bad.",
        ),
        Graph(
            "Share of registrations that failed",
            "percentunit",
            {"failed": f"sum(rate({REGISTER_FAILED}[$__rate_interval])) / sum(rate({REGISTER}[$__rate_interval]))"},
        ),
        Graph(
            "Age of the oldest that waits",
            "s",
            {
                "for a decision, event {{event}}": "max by (event) (omnify_queue_oldest_seconds)",
                "webhook": "max(omnify_webhook_oldest_seconds)",
                "mail": "max(omnify_mail_oldest_seconds)",
            },
        ),
        Graph(
            "Budget burnt (1: as much as the objective allows)",
            "none",
            {one.name.replace("_", " "): f"{recorded(one, '1h')} / {one.allowed:g}" for one in OBJECTIVES},
            "Burn rates over an hour, from the recording rules of deploy/prometheus.",
        ),
    ),
    "Door": (
        Graph("All answers by route", "reqps", {"{{route}}": _rate("omnify_door_answers_total", "route")}),
        Graph("Time of an admission call", "s", _quantiles("omnify_admission_seconds"), "Script and fsync."),
        Graph("Registrations in one call", "none", {"mean": _mean("omnify_admission_batch_size")}),
        Graph(
            "Requests beside the fast path",
            "reqps",
            {"{{route}}": _rate("omnify_door_slow_path_total", "route")},
            "They get the same answers at half the speed: see docs/deployment.md for what a proxy should send.",
        ),
        Graph("Open streams and long polls", "none", {"{{kind}}": "sum by (kind) (omnify_watchers)"}),
    ),
    "Queue and drains": (
        Graph("Waiting registrations", "none", {"event {{event}}": "max by (event) (omnify_queue_depth)"}),
        Graph("Decisions by outcome", "ops", {"{{outcome}}": _rate("omnify_decisions_total", "outcome")}),
        Graph("Time of a batch", "s", _quantiles("omnify_drain_batch_seconds")),
        Graph("Tickets in a batch", "none", {"mean": _mean("omnify_drain_batch_size")}),
        Graph(
            "Alive",
            "none",
            {"drains": "max(omnify_drain_workers)", "{{duty}}": "max by (duty) (omnify_workers_on_duty)"},
            "Drains alive, and workers that have done each duty within the last minute. One at a time sweeps, ends "
            "holds and looks for draws.",
        ),
        Graph("Leases", "ops", {"{{result}}": _rate("omnify_drain_leases_total", "result")}),
        Graph("Stores that answer", "bool_yes_no", {"{{store}}": "min by (store) (omnify_up)"}),
    ),
    "Webhooks and mail": (
        Graph("Webhook requests", "reqps", {"{{result}}": _rate("omnify_webhook_attempts_total", "result")}),
        Graph("Time of a webhook request", "s", _quantiles("omnify_webhook_seconds")),
        Graph("Mails", "ops", {"{{outcome}}": _rate("omnify_mails_total", "outcome")}),
        Graph("Mails by kind", "ops", {"{{kind}}": _rate("omnify_mails_total", "kind")}),
        Graph("Time of a mail", "s", _quantiles("omnify_mail_seconds")),
    ),
    "Traces": (
        Graph(
            "Spans",
            "ops",
            {"{{result}}": _rate("omnify_trace_spans_total", "result")},
            "None where OTEL_EXPORTER_OTLP_ENDPOINT is not set.",
        ),
    ),
    "Should stay at zero": (
        Graph("Lost tickets", "none", {"{{found}}": "sum by (found) (omnify_tickets_lost_total)"}),
        Graph("Decisions taken back", "none", {"{{result}}": "sum by (result) (omnify_decisions_taken_back_total)"}),
        Graph("Orphan events", "none", {"events": "sum(omnify_orphan_events_total)"}),
        Graph(
            "Registrations that could not be decided",
            "none",
            {"invalid": 'sum(omnify_decisions_total{outcome="invalid"})'},
        ),
    ),
}


def build() -> str:
    """Returns the dashboard as JSON, as Grafana imports it."""
    board = dashboard.Dashboard("Omnify").uid("omnify").tags(["omnify"]).timezone("browser")
    board = board.refresh("10s").time("now-1h", "now").readonly()
    board = board.with_variable(dashboard.DatasourceVariable("datasource").type("prometheus").label("Data source"))
    for title, graphs in ROWS.items():
        board = board.with_row(dashboard.Row(title))
        for graph in graphs:
            board = board.with_panel(_panel(graph))
    return JSONEncoder(sort_keys=True, indent=1).encode(board.build()) + "\n"


def _panel(graph: Graph) -> timeseries.Panel:
    panel = timeseries.Panel().title(graph.title).unit(graph.unit).min(0).span(8).height(8).datasource(_SOURCE)
    panel = panel.description(graph.description) if graph.description else panel
    for number, (legend, expression) in enumerate(graph.queries.items()):
        query = prometheus.Dataquery().expr(expression).legend_format(legend).ref_id(chr(ord("A") + number))
        panel = panel.with_target(query)
    return panel
