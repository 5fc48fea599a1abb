"""Lines of the table: what was measured, its limit, and whether it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

OK, SHORT = "ok", "SHORT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table: a value, its limit, and the samples it was taken from.

    `at_least` and `at_most` are None for a value that is only reported. `spread` has the least and the most that single
    repetitions said; it is empty with one repetition.
    """

    name: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""
    spread: Sequence[float] = ()
    samples: Mapping[str, Sequence[float]] = field(default_factory=dict)

    @property
    def has_limit(self) -> bool:
        """Whether it is judged, and not only reported."""
        return self.at_least is not None or self.at_most is not None

    @property
    def ok(self) -> bool:
        """Whether the limit, if there is one, is kept. A value that is no number keeps none."""
        above = self.at_least is None or self.measured >= self.at_least
        return above and (self.at_most is None or self.measured <= self.at_most)

    @property
    def limit(self) -> str:
        """The limit in words."""
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return "" if self.at_most is None else f"at most {self.at_most:g}"

    @property
    def mark(self) -> str:
        """What stands behind the limit."""
        return (OK if self.ok else SHORT) if self.has_limit else ""

    def margin(self, value: float) -> float:
        """`value` as a share of the limit: 1 just keeps it, more is better. Only for a line with a limit."""
        if self.at_least is not None:
            return value / self.at_least
        return (self.at_most or 0.0) / value if value else 0.0


def ratio(
    name: str,
    above: str,
    below: str,
    samples: Mapping[str, Sequence[float]],
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> Line:
    """The median of the quotients of samples that were taken one right after the other.

    A machine that slows down for a while slows both of a pair, so this is steadier than the quotient of two medians.
    """
    quotients = [one / other for one, other in zip(samples[above], samples[below], strict=True)]
    kept = {key: samples[key] for key in (above, below)}
    return Line(
        name=name,
        measured=median(quotients),
        at_least=at_least,
        at_most=at_most,
        spread=spread(quotients),
        samples=kept,
    )


def value(name: str, samples: Sequence[float], *, unit: str = "") -> Line:
    """The median of samples, only reported."""
    return Line(name=name, measured=median(samples), unit=unit, spread=spread(samples))


def spread(samples: Sequence[float]) -> tuple[float, ...]:
    """The least and the most of several samples."""
    return (min(samples), max(samples)) if len(samples) > 1 else ()
