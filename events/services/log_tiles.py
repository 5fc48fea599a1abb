"""Full tiles of decision logs, kept as files under `$OMNIFY_HOME/log-tiles` when they are first served.

They never change, so they are served without the database, also while it is away. A log that goes on under a new name
has a folder of its own. Each host keeps what it has served.
"""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from django.conf import settings

from events.domain.decision_log.merkle import TILE_WIDTH
from events.domain.decision_log.tiles import Tile
from events.services.decision_log import numbered_name, signed_names


def kept_tile(event_id: int, tile: Tile) -> bytes | None:
    """Returns a tile that was kept; None if it was not, or this host has signed nothing of the log yet."""
    names = signed_names(event_id)
    if not names or tile.width != TILE_WIDTH:
        return None
    try:
        return (_folder(names[-1]) / tile.path).read_bytes()
    except FileNotFoundError:
        return None


def keep_tile(event_id: int, origin: str, tile: Tile, data: bytes) -> None:
    """Keeps a tile if it is full. Without room on the disk it is not kept."""
    if tile.width != TILE_WIDTH:
        return
    file = _folder(numbered_name(event_id, origin)) / tile.path
    half = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(file)


def _folder(name: str) -> Path:
    return settings.ENV.home / "log-tiles" / name
