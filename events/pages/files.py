"""The pages' own files (stylesheet, scripts, icon), held in memory.

Their address contains a digest of all of them: `/assets/<version>/<name>`. So a browser keeps them for good, scripts
import each other by relative names, and a new release is a new address. A crowd fetches them without reaching Django.
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
    """One file, as it is and compressed."""

    content_type: bytes
    plain: bytes
    compressed: bytes


@cache
def files() -> dict[str, File]:
    """All files by name, read once."""
    return {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}


@cache
def version() -> str:
    """Changes with any of the files."""
    digest = blake2b(digest_size=6)
    for name, file in files().items():
        digest.update(name.encode() + b"\0" + file.plain + b"\0")
    return digest.hexdigest()


def base() -> str:
    """The folder that pages link to, with the slash at its end."""
    return f"{ROOT}{version()}/"


def find(path: str) -> tuple[File, bool] | None:
    """The file of an address, and whether the address names this very version of it."""
    wanted, _, name = path[len(ROOT) :].partition("/")
    file = files().get(name)
    return None if file is None else (file, wanted == version())


def _read(path: Path) -> File:
    plain = path.read_bytes()
    # mtime=0: the same file is the same bytes in every process.
    return File(_TYPES[path.suffix].encode(), plain, gzip.compress(plain, 9, mtime=0))
