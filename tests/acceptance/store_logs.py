"""Everything that a running service writes for people to read, searched for what must not be in it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.acceptance.service import Service

# Every guest of these tests has an address and a name like these.
PEOPLE = ("@example.", "%40example", "Guest ")


def leaks(service: Service, needles: Iterable[str] = ()) -> list[str]:
    """Lines of any log, the stores' too, that hold a guest, the organizer's token, a secret or one of `needles`."""
    wanted = (*PEOPLE, service.token(), *service.secrets(), *needles)
    return [
        f"{path.name}: {needle!r} in {line[:300]}"
        for path in sorted((service.home / "log").iterdir())
        for line in path.read_text("utf-8", "replace").splitlines()
        for needle in wanted
        if needle in line or json.dumps(needle)[1:-1] in line
    ]
