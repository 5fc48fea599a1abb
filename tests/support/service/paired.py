"""A service whose PostgreSQL has a standby that takes over."""

from __future__ import annotations

import shutil

from omnify.embedded.ports import port_of, reserve_port
from tests.support.postgres_pair import PostgresPair
from tests.support.service.parts import DRAINS, STORES
from tests.support.service.processes import Service


class PairedService(Service):
    """Its processes know both addresses. Start it, then `add_standby`."""

    def __init__(self, **settings: str) -> None:
        self._second = reserve_port()
        self._pair: PostgresPair | None = None
        super().__init__((*STORES, "web", *DRAINS), **settings)

    @property
    def pair(self) -> PostgresPair:
        """The two servers, once the first runs."""
        if self._pair is None:
            self._pair = PostgresPair(self._postgres, self.children["postgres"], port=port_of(self._second))
        return self._pair

    def promote_after_kill(self) -> None:
        """The primary dies under whatever goes on, and the standby takes over."""
        self.pair.kill_primary()
        self.pair.promote()
        self.follow_promotion()

    def follow_promotion(self) -> None:
        """Has this test look at the server that takes writes now."""
        self._postgres = self.pair.primary
        self.children["postgres"] = self.pair.children[self.pair.primary.port]

    def close(self) -> None:
        """Ends everything and removes its data."""
        self.pair.stop()
        for server in (self.pair.primary, self.pair.standby):
            shutil.rmtree(server.files.directory, ignore_errors=True)
        super().close()
        self._second.close()

    def _environment(self) -> dict[str, str]:
        alone = super()._environment()
        first, second = (f"127.0.0.1:{port}" for port in (port_of(self._ports["postgres"]), port_of(self._second)))
        return {
            name: value.replace(first, f"{first},{second}") if name.startswith("DATABASE_URL") else value
            for name, value in alone.items()
        }
