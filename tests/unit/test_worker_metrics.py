"""Metrics of a worker that stands alone."""

from __future__ import annotations

import httpx

from omnify.worker_metrics import serve_metrics
from tests.support.in_process.metrics import lost_tickets


def test_a_worker_serves_what_it_counts_from_zero_on() -> None:
    port = serve_metrics("127.0.0.1", 0)
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
    assert answer.status_code == 200
    assert f'omnify_tickets_lost_total{{found="sweep"}} {lost_tickets("sweep")}' in answer.text
