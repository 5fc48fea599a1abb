"""The embedded servers on machines where something is missing: one line that says what to do."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from omnify.embedded import postgres_files as postgres_files_module
from omnify.embedded import valkey as valkey_module
from omnify.embedded.postgres import Postgres
from omnify.embedded.postgres_files import PostgresFiles, find_postgres_files
from omnify.embedded.process import Account, CannotStart
from omnify.embedded.valkey import Valkey, find_binary

OURSELVES = Account(65534, 65534, "nobody")


def _postgres(tmp_path: Path, initdb: str) -> Postgres:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    (binaries / "initdb").write_text(f"#!/bin/sh\n{initdb}\n", "utf-8")
    (binaries / "initdb").chmod(0o755)
    directory = tmp_path / "postgres"
    directory.mkdir()
    files = PostgresFiles(directory=directory, binaries=binaries, account=None)
    return Postgres(files=files, log=tmp_path / "log", port=1, password="p")


def test_a_full_disk_while_the_cluster_is_made_is_one_line_and_leaves_nothing_half_made(tmp_path: Path) -> None:
    error = "initdb: error: could not write to file: No space left on device"
    script = f'for a; do case "$a" in */data.new) mkdir "$a";; esac; done; echo "{error}" >&2; exit 1'
    postgres = _postgres(tmp_path, script)
    with pytest.raises(CannotStart) as caught:
        postgres.start()
    assert str(caught.value) == f"PostgreSQL's data cannot be made in {tmp_path}/postgres: {error}"
    assert list(postgres.files.directory.iterdir()) == []


def test_a_platform_without_a_valkey_is_told_to_bring_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(CannotStart, match=r"no embedded Valkey for \w+-riscv64: set REDIS_URL"):
        find_binary()


def test_an_installation_without_the_wheels_is_told_to_bring_servers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in (postgres_files_module, valkey_module):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(CannotStart, match="set REDIS_URL"):
        find_binary()
    with pytest.raises(CannotStart, match="set DATABASE_URL"):
        find_postgres_files(tmp_path)


def test_valkey_is_told_to_keep_every_write_and_to_drop_none(tmp_path: Path) -> None:
    valkey = Valkey(directory=tmp_path / 'a "b"', log=tmp_path / "log", port=7, password="p")
    lines = valkey.config().splitlines()
    assert {"appendonly yes", "appendfsync always", "maxmemory-policy noeviction", "bind 127.0.0.1"} <= set(lines)
    assert f'dir "{tmp_path}/a \\"b\\""' in lines


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root's machine, with a user who reaches only what the test says."""
    monkeypatch.setattr(postgres_files_module, "FALLBACK_ROOT", tmp_path / "elsewhere")
    monkeypatch.setattr(postgres_files_module, "unprivileged_account", lambda: OURSELVES)
    monkeypatch.setattr(postgres_files_module.os, "chown", lambda *args: None)
    monkeypatch.setattr(postgres_files_module, "_can_run", lambda binaries, account: True)
    monkeypatch.setattr(
        postgres_files_module, "_reaches", lambda directory, account: directory.is_relative_to(tmp_path / "elsewhere")
    )
    (tmp_path / "home").mkdir()
    return tmp_path / "elsewhere"


def test_data_goes_elsewhere_when_the_server_s_user_cannot_reach_home_and_is_found_there_again(
    elsewhere: Path, tmp_path: Path
) -> None:
    first = find_postgres_files(tmp_path / "home")
    assert first.directory.parent == elsewhere
    assert first.note == f"PostgreSQL runs as nobody; its data is in {first.directory}"
    (first.directory / "data").mkdir()
    assert find_postgres_files(tmp_path / "home").directory == first.directory
    assert (first.directory / "data").is_dir()


def test_data_of_a_home_that_is_gone_is_put_aside_and_not_opened_with_a_new_password(
    elsewhere: Path, tmp_path: Path
) -> None:
    first = find_postgres_files(tmp_path / "home")
    (first.directory / "data").mkdir()
    (tmp_path / "home" / "postgres").unlink()
    assert not (find_postgres_files(tmp_path / "home").directory / "data").exists()
    assert (first.directory.with_suffix(".old") / "data").is_dir()


def test_data_that_can_no_longer_be_reached_is_never_left_behind_for_a_new_cluster(
    elsewhere: Path, tmp_path: Path
) -> None:
    (tmp_path / "home" / "postgres" / "data").mkdir(parents=True)
    with pytest.raises(CannotStart, match="can no longer reach"):
        find_postgres_files(tmp_path / "home")
