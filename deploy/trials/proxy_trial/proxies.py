"""Starts a proxy with its file of `deploy/proxies`, and puts addresses, ports and certificates into it.

nginx reads them from files that it includes, the others from their environment. The rules are those of the repository.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from deploy.trials.proxy_trial.certificate import Certificate
from deploy.trials.proxy_trial.findings import demand, wait_until
from deploy.trials.proxy_trial.packages import Program
from omnify.embedded.ports import LOOPBACK, is_free
from omnify.embedded.process import Child, start_child

FILES = Path(__file__).resolve().parents[2] / "proxies"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a proxy listens, and what is behind and in front of it. `folder` is its own, for logs and sockets."""

    folder: Path
    http: int
    https: int
    doors: Sequence[int]
    certificate: Certificate
    behind_another: bool = False


Command = tuple[list[str], Mapping[str, str]]


def nginx(program: Path, place: Place) -> Command:
    """Writes the files that nginx includes; the main file is a link to that of the repository."""
    site = place.folder / "site"
    site.mkdir()
    (place.folder / "nginx.conf").symlink_to(FILES / "nginx" / "nginx.conf")
    user = "user root;\n" if os.geteuid() == 0 else ""
    temporary = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    port = f"listen {LOOPBACK}:{place.https} ssl http2;\n"
    files = {
        "process": f"{user}daemon off;\npid {place.folder}/nginx.pid;\nerror_log {place.folder}/error.log notice;\n",
        "temporary": "".join(f"{name}_temp_path {place.folder}/{name};\n" for name in temporary),
        "access_log": f"access_log {place.folder}/access.log omnify;\n",
        "doors": "".join(f"server {LOOPBACK}:{door} max_fails=1 fail_timeout=5s;\n" for door in place.doors),
        "http": f"listen {LOOPBACK}:{place.http};\nserver_name localhost;\nset $omnify_https_port :{place.https};\n",
        "https": f"{port}server_name localhost;\nssl_certificate {place.certificate.chain};\n"
        f"ssl_certificate_key {place.certificate.key};\n",
    }
    for name, text in files.items():
        (site / f"{name}.conf").write_text(text)
    return [str(program), "-c", str(place.folder / "nginx.conf"), "-e", f"{place.folder}/error.log"], {}


def caddy(program: Path, place: Place, *, retries: str = "without_bodies") -> Command:
    """Returns what starts Caddy."""
    return [str(program), "run", "--config", str(FILES / "Caddyfile"), "--adapter", "caddyfile"], {
        "HOME": str(place.folder),
        "XDG_DATA_HOME": str(place.folder),
        "XDG_CONFIG_HOME": str(place.folder),
        "OMNIFY_ADMIN": f"unix/{place.folder}/admin.sock",
        "OMNIFY_SITE": "localhost",
        "OMNIFY_LISTEN": f"default_bind {LOOPBACK}",
        "OMNIFY_HTTP_PORT": str(place.http),
        "OMNIFY_HTTPS_PORT": str(place.https),
        "OMNIFY_SHOWN_PORT": f":{place.https}",
        "OMNIFY_TLS": f"tls {place.certificate.chain} {place.certificate.key}",
        "OMNIFY_RETRIES": retries,
        "OMNIFY_DOORS": " ".join(f"{LOOPBACK}:{door}" for door in place.doors),
        **({"OMNIFY_TRUSTED_PROXIES": f"{LOOPBACK}/32"} if place.behind_another else {}),
    }


def haproxy(program: Path, place: Place) -> Command:
    """Returns what starts HAProxy."""
    return [str(program), "-db", "-f", str(FILES / "haproxy.cfg")], {
        "OMNIFY_HTTP": f"{LOOPBACK}:{place.http}",
        "OMNIFY_HTTPS": f"{LOOPBACK}:{place.https}",
        "OMNIFY_HTTPS_PORT": f":{place.https}",
        "OMNIFY_CERTIFICATE": str(place.certificate.chain),
        "OMNIFY_DOOR_1": f"{LOOPBACK}:{place.doors[0]}",
        "OMNIFY_DOOR_2": f"{LOOPBACK}:{place.doors[-1]}",
        "OMNIFY_STATS": f"{place.folder}/stats.sock",
        "OMNIFY_CONNECTIONS": "9000",
    }


@dataclass(frozen=True, slots=True)
class Kind:
    """A proxy that is tried: how it is asked for its version and started, whether it asks doors by itself, whether it
    sends a registration with a key again to another door, and how often a client fails at most when a door is killed.
    """

    version: Sequence[str]
    command: Callable[[Path, Place], Command]
    asks_doors: bool = True
    sends_again: bool = True
    failures_each: int = 1


KINDS = {
    "nginx": Kind(("-v",), nginx, asks_doors=False),
    "caddy": Kind(("version",), caddy, sends_again=False, failures_each=2),
    "haproxy": Kind(("-v",), haproxy),
}


# The first that sends a body again.
_CADDY_SENDS_BODIES_AGAIN = (2, 11, 4)


def kind_of(name: str, version: str) -> Kind:
    """Returns what is known of a proxy that says this about its version."""
    numbers = re.search(r"(\d+)\.(\d+)\.(\d+)", version)
    if name == "caddy" and numbers and tuple(map(int, numbers.groups())) >= _CADDY_SENDS_BODIES_AGAIN:
        command = partial(caddy, retries="with_bodies")
        return replace(KINDS[name], command=command, sends_again=True, failures_each=1)
    return KINDS[name]


def start_proxy(kind: Kind, name: str, program: Program, place: Place) -> Child:
    """Starts a proxy. Returns when it listens on both ports. Raises Broken."""
    place.folder.mkdir()
    free = (place.http, place.https)
    wait_until(lambda: all(map(is_free, free)), seconds=30.0, otherwise="the ports of the proxy before are not free")
    command, variables = kind.command(program.path, place)
    child = start_child(
        name,
        command,
        log=place.folder / "output.log",
        env={"PATH": os.environ.get("PATH", ""), **program.environment, **variables},
    )

    def listens() -> bool:
        return not child.running or all(_is_open(port) for port in (place.http, place.https))

    try:
        wait_until(listens, seconds=30.0, otherwise=f"{name} does not listen")
        demand(child.running, f"{name} ended ({child.ending()}): {child.last_log_line()}")
    except BaseException:
        child.stop(5.0)
        raise
    return child


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
