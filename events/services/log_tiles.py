"""Full tiles of decision logs, kept as files under `$OMNIFY_HOME/log-tiles` when they are served.

They never change, so they are served without the database while it is away, if the door shows the event. A log that
goes on under a new name has a folder of its own. Each host keeps what it has served.
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
from events.services.decision_log import is_signed, numbered_name, signed_names
from omnify.common.clients import redis_client


def kept_tile(head: LogHead, tile: Tile) -> bytes | None:
    """Returns a tile of a log if it was kept."""
    return _read(numbered_name(head.event_id, head.origin), tile)


def kept_without_database(event_id: int, tile: Tile) -> bytes | None:
    """Returns a tile if it was kept under the name that this host signed last, and the door shows the event.

    Raises redis.exceptions.RedisError.
    """
    names = signed_names(event_id)
    return _read(names[-1], tile) if names and is_shown(redis_client(), event_id) else None


def keep_tile(head: LogHead, tile: Tile, data: bytes) -> None:
    """Keeps a tile if it is full and this host has signed the log exactly as it is: another database could have other
    entries there, and they would be served under a good signature. Without room on the disk it is not kept."""
    if tile.width != TILE_WIDTH or not is_signed(head):
        return
    file = _folder() / numbered_name(head.event_id, head.origin) / tile.path
    half = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(data)
        half.replace(file)


def remove_tiles(event_id: int) -> None:
    """Removes what this host has kept of an event's log, under all its names."""
    for kept in (_folder() / str(event_id), *_folder().glob(f"{event_id}.*")):
        shutil.rmtree(kept, ignore_errors=True)


def _read(name: str, tile: Tile) -> bytes | None:
    if tile.width != TILE_WIDTH:
        return None
    try:
        return (_folder() / name / tile.path).read_bytes()
    except FileNotFoundError:
        return None


def _folder() -> Path:
    return settings.ENV.home / "log-tiles"
