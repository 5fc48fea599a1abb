"""Small disks for stores, in memory: they can be filled, and cost nothing.

What a crash takes here is a process, not a disk.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chaos.network import mount, unmount

VALKEY_DISK, POSTGRES_DISK = "64m", "512m"


@dataclass(frozen=True, slots=True)
class Disk:
    """A store's disk, which can be filled."""

    path: Path

    def fill(self) -> None:
        """Writes until nothing more fits."""
        with (self.path / "ballast").open("ab", buffering=0) as ballast:
            while True:
                try:
                    ballast.write(bytes(1 << 16))
                except OSError:
                    break

    def empty(self) -> None:
        """Removes what `fill` wrote."""
        (self.path / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        unmount(self.path)


def make_disk(path: Path, size: str) -> Disk:
    """Mounts a small file system that only this run sees."""
    path.mkdir(mode=0o711, parents=True)
    mount("tmpfs", path, "tmpfs", options=f"size={size},mode=711")
    return Disk(path)
