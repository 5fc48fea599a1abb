"""The files of the pages, and what others have written among them."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from events.pages import files

ASSETS = Path(files.__file__).parent / "assets"
# Of `qr` 0.7.0 as its package on npm has it.
DECODER = {
    "decode.js": "00e209820dcb11d624e9a03d6383e580766792b57d1651318f0a29e4e1ff0fe8",
    "index.js": "a0de370051f94bd74f218f74401fdf197585e3f9ef0143164f87ea941a3fdd6f",
    "LICENSE": "f9946796a8a5bd5981565142fa42e3b0cc36aef6f80e86beaf5905b3c0fef1b5",
    "LICENSE-MIT": "07a9f887e9215644439b808628b09f8eece932d79130ff563f958f3a1783e684",
}


@pytest.mark.parametrize("name", DECODER)
def test_the_decoder_is_what_its_author_published(name: str) -> None:
    assert sha256((ASSETS / "qr" / name).read_bytes()).hexdigest() == DECODER[name]


def test_files_in_folders_are_served_and_what_is_no_part_of_a_page_is_not() -> None:
    found = files.find(f"{files.base()}qr/decode.js")
    assert found is not None
    file, same_version = found
    assert (file.plain, same_version) == ((ASSETS / "qr" / "decode.js").read_bytes(), True)
    for name in ("qr", "qr/", "qr/LICENSE", "decode.js", "qr/../page.css"):
        assert files.find(f"{files.base()}{name}") is None, name
