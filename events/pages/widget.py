"""`/assets/widget.js`: the widget for pages of other sites, one script made of the modules in `assets/widget/`.

A page elsewhere may allow no more than this one script, so nothing is imported when it runs: its modules, its
stylesheet and its texts in every language stand in one function. Modules import by name from a file, and export
functions and classes, each name once; that is all that putting them together has to understand.
"""

from __future__ import annotations

import gzip
import json
import re
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from events.pages.files import File
from events.pages.responses import PageResponse
from events.pages.widget_texts import widget_texts
from omnify.common.asgi_types import Header

PATH = "/assets/widget.js"
_FOLDER = Path(__file__).parent / "assets" / "widget"
_IMPORT = re.compile(r'^import \{[^}]*\} from "(\.{1,2}/[\w/.]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=const|function|class|async)", re.MULTILINE)
_COMMENT = re.compile(r"^ *//.*\n", re.MULTILINE)
# Its name stays, so browsers ask again after a while, and are told by the tag that nothing has changed.
_SECONDS = 300


def assemble(texts: dict[str, Any]) -> str:
    """Returns the script, with the texts of each language as `widget_texts` gives them."""
    made = {
        "widget.css": f"const css = {json.dumps((_FOLDER / 'widget.css').read_text('utf-8'))};\n",
        "texts.js": f"const TEXTS = {json.dumps(texts, ensure_ascii=False, separators=(',', ':'))};\n",
    }
    parts: dict[Path, str] = {}
    _add(_FOLDER / "main.js", parts, {_FOLDER / name: text for name, text in made.items()})
    return '// Omnify\'s widget.\n(() => {\n"use strict";\n' + "".join(parts.values()) + "})();\n"


def _add(path: Path, parts: dict[Path, str], made: dict[Path, str]) -> None:
    """Adds what a module imports, and then the module."""
    if path in parts:
        return
    text = made.get(path) or path.read_text("utf-8")
    for found in () if path in made else _IMPORT.findall(text):
        _add((path.parent / found).resolve(), parts, made)
    parts[path] = text if path in made else _EXPORT.sub("", _IMPORT.sub("", _COMMENT.sub("", text)))


@cache
def widget() -> tuple[File, bytes]:
    """Makes the script, and its tag, once for each process."""
    plain = assemble(widget_texts()).encode()
    tag = f'"{blake2b(plain, digest_size=9).hexdigest()}"'
    return File(b"text/javascript; charset=utf-8", plain, gzip.compress(plain, 9, mtime=0)), tag.encode()


def respond(*, gzipped: bool, known: bytes) -> PageResponse:
    """Builds the answer to a request for the script; `known` is its If-None-Match."""
    file, tag = widget()
    headers: list[Header] = [
        (b"content-type", file.content_type),
        (b"cache-control", b"public, max-age=%d" % _SECONDS),
        (b"etag", tag),
        (b"vary", b"accept-encoding"),
        (b"x-content-type-options", b"nosniff"),
        # Any page may load it, also one that asks for its digest (`integrity`), or isolates itself (COEP).
        (b"access-control-allow-origin", b"*"),
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]
    if tag in known:
        return PageResponse(304, b"", headers)
    if gzipped:
        headers.append((b"content-encoding", b"gzip"))
    return PageResponse(200, file.compressed if gzipped else file.plain, headers)
