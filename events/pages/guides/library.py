"""What is in `docs/`: pages by name, pictures, and the sections of `errors.md`, one for each error code.

A page is read and rendered when it is first asked for, and kept. Only names that the folder has are looked up.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from events.pages.guides.markdown import Rendered, render, sections
from omnify.common.envelope import Code

FOLDER = Path(__file__).parents[3] / "docs"
INDEX, ERRORS = "README", "errors"
_FILES = {".png": b"image/png", ".json": b"application/json"}


@cache
def guides() -> frozenset[str]:
    """Returns the names of all guides. The index and the errors have addresses of their own."""
    return frozenset(path.stem for path in FOLDER.glob("*.md")) - {INDEX, ERRORS}


@lru_cache(maxsize=128)
def guide(name: str) -> Rendered | None:
    """Renders a guide, the index, or the page about all errors; None if there is none of this name."""
    known = name in guides() or name in (INDEX, ERRORS)
    return render((FOLDER / f"{name}.md").read_text("utf-8")) if known else None


@cache
def errors() -> dict[str, str]:
    """Renders the section of each error code."""
    found = sections((FOLDER / f"{ERRORS}.md").read_text("utf-8"))
    return {code: found[code] for code in Code if code in found}


@cache
def _files() -> dict[str, Path]:
    return {path.name: path for path in FOLDER.iterdir() if path.suffix in _FILES}


def file(name: str) -> tuple[bytes, bytes] | None:
    """Reads a picture, or a file of figures, and its media type; None if there is none."""
    path = _files().get(name)
    return (path.read_bytes(), _FILES[path.suffix]) if path else None
