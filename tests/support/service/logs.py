"""Everything that a running service writes for people to read, searched for what must not be in it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tests.support.service.processes import Service

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


OURS = ("web", "drain-1", "drain-2", "deliver-1")


def not_json(service: Service) -> list[str]:
    """Lines of our own logs that are no JSON object. The stores' logs have the stores' form."""
    return [
        f"{path.name}: {line[:300]}"
        for path in sorted((service.home / "log").iterdir())
        if path.stem in OURS
        for line in path.read_text("utf-8", "replace").splitlines()
        if not _is_object(line)
    ]


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
