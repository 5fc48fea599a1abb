"""`make clients`: writes the clients' packages into dist/, byte for byte the same from the same files.

    dist/omnify_client-<version>-py3-none-any.whl, dist/omnify_client-<version>.tar.gz      for pip
    dist/omnify-client-<version>.tgz                                                        for npm

The wheel has a copy of the rehearsal, `omnify_client/rehearsal_program`: the modules that `rehearsal` imports, found by
reading them, so that nothing of it is written twice.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLIENTS = ROOT / "clients"
DIST = ROOT / "dist"
STAGE = ROOT / "build" / "clients"
# Of every file in the packages: the first second that a zip archive can say.
EPOCH = 315532800
MAIN = '''"""`omnify rehearse`: the rehearsal, as a program of its own."""

import sys

from rehearsal.__main__ import main

if __name__ == "__main__":
    sys.exit(main("omnify rehearse"))
'''


def build(dist: Path = DIST, stage: Path = STAGE) -> list[Path]:
    """Builds all packages, and returns their files."""
    dist.mkdir(parents=True, exist_ok=True)
    for old in (*dist.glob("omnify_client-*"), *dist.glob("omnify-client-*")):
        old.unlink()
    build_python(dist, stage)
    build_npm(dist)
    return sorted((*dist.glob("omnify_client-*"), *dist.glob("omnify-client-*")))


def build_python(dist: Path, stage: Path) -> None:
    """Builds the wheel and the source distribution."""
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(CLIENTS / "python", stage, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    shutil.copy(ROOT / "LICENSE", stage)
    program = stage / "src" / "omnify_client" / "rehearsal_program"
    for source in modules_of("rehearsal"):
        target = program / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    (program / "__main__.py").write_text(MAIN)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH)}
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--out-dir", str(dist), str(stage)]
    subprocess.run(command, check=True, env=environment)
    (dist / ".gitignore").unlink(missing_ok=True)  # uv's own


def build_npm(dist: Path) -> None:
    """Builds what `npm pack` would, on machines without npm too: the files that package.json names."""
    folder = CLIENTS / "js"
    package = json.loads((folder / "package.json").read_text())
    files = {name: folder / name for name in ("package.json", "README.md", *package["files"])}
    files["LICENSE"] = ROOT / "LICENSE"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in sorted(files.items()):
            entry = tarfile.TarInfo(f"package/{name}")
            content = path.read_bytes()
            entry.size, entry.mtime, entry.mode = len(content), EPOCH, 0o644
            archive.addfile(entry, io.BytesIO(content))
    target = dist / f"{package['name']}-{package['version']}.tgz"
    target.write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def modules_of(package: str) -> list[Path]:
    """Returns the files of a package of this project, and of all that they import from it, in functions too."""
    found: set[Path] = set()
    waiting = list((ROOT / package).rglob("*.py"))
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [file for name in _imported(path) for file in _files(name)]
    return sorted(found)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
            # What is imported from a package may be a module of it.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str) -> Iterable[Path]:
    """Returns the files that importing a module of this project reads; none for one of another project."""
    parts = name.split(".")
    packages = [ROOT.joinpath(*parts[:end], "__init__.py") for end in range(1, len(parts) + 1)]
    return [path for path in (*packages, ROOT.joinpath(*parts).with_suffix(".py")) if path.is_file()]


if __name__ == "__main__":
    for built in build():
        print(f"{hashlib.sha256(built.read_bytes()).hexdigest()}  {built.relative_to(ROOT)}")
