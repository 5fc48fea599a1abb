"""The table as a picture: every line's measured value against its limit, on one scale."""

from __future__ import annotations

from pathlib import Path

from bench.lines import Line


def draw(lines: list[Line], path: Path) -> None:
    """Writes the PNG. A bar beyond 1 keeps its limit; the thin line in it is the spread of the repetitions."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    shown = [line for line in lines if line.has_limit][::-1]
    figure, axes = plt.subplots(figsize=(11, 0.55 * len(shown) + 1.6), layout="constrained")
    for place, line in enumerate(shown):
        value = line.margin(line.measured)
        axes.barh(place, value, color="#2a7f62" if line.ok else "#b3412e", height=0.6)
        ends = [line.margin(end) for end in line.spread]
        axes.plot(ends, [place] * len(ends), color="#222222", linewidth=1)
        axes.text(value + 0.02, place + 0.33, f"{line.measured:.3g} ({line.limit})", va="bottom", fontsize=8)
    axes.axvline(1, color="#222222", linewidth=1)
    axes.set_yticks(range(len(shown)), [line.name for line in shown], fontsize=8)
    axes.set_xlim(0, max([2.0, *(1.25 * line.margin(line.measured) for line in shown)]))
    axes.set_xlabel("share of the limit reached (1 = just kept; more is better)")
    axes.set_title("Omnify against its baselines")
    figure.savefig(path, dpi=130)
    plt.close(figure)
