"""Prints what a run was: the history in figures, the faults, the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from chaos.evidence import Evidence
from chaos.run import Report

EXAMPLES = 5


def print_report(report: Report, violations: Mapping[str, Sequence[str]]) -> None:
    """Prints it all."""
    for line in (*history_lines(report.evidence), *fault_lines(report), *verdict_lines(report, violations)):
        print(line)


def history_lines(evidence: Evidence) -> list[str]:
    """Returns what the crowd did and was told."""
    answers = Counter((call.op, call.status) for call in evidence.calls)
    parts = [f"{op} {status or 'no answer'} {number}" for (op, status), number in sorted(answers.items())]
    ends = Counter(f"{row.status} {row.reason}".strip() for row in evidence.outcome.rows)
    return [
        f"history: {len(evidence.calls)} requests, {len(evidence.messages)} webhooks; " + ", ".join(parts),
        f"tickets: {len(evidence.accepted)} with a 202, {len(evidence.outcome.rows)} decided; "
        + ", ".join(f"{end} {number}" for end, number in sorted(ends.items())),
    ]


def fault_lines(report: Report) -> list[str]:
    """Returns how often each kind of fault struck."""
    kinds = Counter(fault.kind for fault in report.faults)
    lines = [
        f"faults: {len(report.faults)}; " + ", ".join(f"{kind} {number}" for kind, number in sorted(kinds.items()))
    ]
    if report.ended:
        ended = Counter(one.node for one in report.ended)
        lines.append("ended by themselves: " + ", ".join(f"{node} {number}" for node, number in sorted(ended.items())))
    return lines


def verdict_lines(report: Report, violations: Mapping[str, Sequence[str]]) -> list[str]:
    """Returns a line for each check, and what violated it."""
    lines = []
    for promise, found in violations.items():
        lines.append(f"{'✗' if found else '✓'} {promise}")
        lines += [f"    {one}" for one in found[:EXAMPLES]]
        lines += [f"    and {len(found) - EXAMPLES} more"] if len(found) > EXAMPLES else []
    broken = sum(map(bool, violations.values()))
    lost = f"{len(report.evidence.lost)} lost"
    return [*lines, f"verdict: {lost}; {'every promise was kept' if not broken else f'{broken} promises were BROKEN'}"]
