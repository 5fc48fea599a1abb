"""The pages' assets (stylesheets, scripts, icon), held in memory.

Their path contains a digest of all of them: `/assets/<version>/<name>`. So browsers can cache them without limit,
scripts import each other by relative names, and a new release has new paths. They are served without Django.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

_FOLDER = Path(__file__).parent / "assets"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
ROOT = "/assets/"


@dataclass(frozen=True, slots=True)
class File:
    """One file, plain and compressed."""

    content_type: bytes
    plain: bytes
    compressed: bytes


@cache
def files() -> dict[str, File]:
    """Reads all files by their path below the folder, once for each process."""
    found = sorted(path for path in _FOLDER.rglob("*") if path.suffix in _TYPES)
    return {path.relative_to(_FOLDER).as_posix(): _read(path) for path in found}


@cache
def version() -> str:
    """Returns a digest of all files, which changes with any of them."""
    digest = blake2b(digest_size=6)
    for name, file in files().items():
        digest.update(name.encode() + b"\0" + file.plain + b"\0")
    return digest.hexdigest()


def base() -> str:
    """Returns the path that pages link to, with the slash at its end."""
    return f"{ROOT}{version()}/"


def find(path: str) -> tuple[File, bool] | None:
    """Finds the file of a path, and whether the path has the current version; None if there is no such file."""
    wanted, _, name = path[len(ROOT) :].partition("/")
    file = files().get(name)
    return None if file is None else (file, wanted == version())


def _read(path: Path) -> File:
    plain = path.read_bytes()
    # mtime=0 makes the compressed bytes the same in every process.
    return File(_TYPES[path.suffix].encode(), plain, gzip.compress(plain, 9, mtime=0))
