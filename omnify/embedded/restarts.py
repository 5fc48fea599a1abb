"""A child process that is restarted when it dies, after a growing back-off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from omnify.embedded.process import Child

# A child that ran this long has started successfully; its next death is the first of a new series.
STEADY_SECONDS = 20.0
BACKOFF_SECONDS = (0.2, 1.0, 2.0, 5.0, 10.0, 30.0)


@dataclass(slots=True)
class RestartedChild:
    """A child that is restarted when it dies. `due` is the time of the next start, if it is dead."""

    child: Child
    start: Callable[[], Child]
    started: float
    deaths: int = 0
    due: float | None = None

    def restart_if_due(self, now: float) -> str:
        """Restarts a dead child after its back-off. Returns a message if it has just died, else an empty string."""
        if self.due is not None:
            if now >= self.due:
                self.child, self.started, self.due = self.start(), now, None
            return ""
        if self.child.running:
            return ""
        self.deaths = 1 if now - self.started > STEADY_SECONDS else self.deaths + 1
        pause = BACKOFF_SECONDS[min(self.deaths, len(BACKOFF_SECONDS)) - 1]
        self.due = now + pause
        return f"{self.child.name} ended ({self.child.ending()}); restarting it in {pause:g} s, see {self.child.log}"
