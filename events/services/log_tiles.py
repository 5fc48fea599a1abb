"""Full tiles of decision logs, kept as files under `$OMNIFY_HOME/log-tiles` when they are served.

They never change, so they are served without the database while it is away, if the door shows the event. A log that
goes on under a new name has a folder and addresses of its own: a tile that was kept anywhere is never another log's.
Each host keeps what it has served.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from pathlib import Path

from django.conf import settings

from events.admission.snapshots import is_shown
from events.domain.decision_log.merkle import TILE_WIDTH
from events.domain.decision_log.tiles import Tile
from events.ledger.decision_log.read import LogHead
from events.services.decision_log import numbered_name
from omnify.common.clients import redis_client


def kept_tile(event_id: int, number: int, tile: Tile) -> bytes | None:
    """Returns a tile of an event's `number`-th log if it was kept."""
    if tile.width != TILE_WIDTH:
        return None
    try:
        return (_folder() / numbered_name(event_id, number) / tile.path).read_bytes()
    except FileNotFoundError:
        return None


def kept_without_database(event_id: int, number: int, tile: Tile) -> bytes | None:
    """Returns a tile if it was kept and the door shows the event. Raises redis.exceptions.RedisError."""
    return kept_tile(event_id, number, tile) if is_shown(redis_client(), event_id) else None


def keep_tile(head: LogHead, tile: Tile, data: bytes) -> None:
    """Keeps a tile, if it is full, of a log that this host has signed exactly as it is (`is_signed`): another database
    could have other entries there, and they would be served under a good signature. Without room on the disk it is not
    kept."""
    if tile.width != TILE_WIDTH:
        return
    file = _folder() / numbered_name(head.event_id, head.number) / tile.path
    half = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(file)


def remove_tiles(event_id: int) -> None:
    """Removes what this host has kept of an event's log, under all its names."""
    for kept in (_folder() / str(event_id), *_folder().glob(f"{event_id}.*")):
        shutil.rmtree(kept, ignore_errors=True)


def _folder() -> Path:
    return settings.ENV.home / "log-tiles"
