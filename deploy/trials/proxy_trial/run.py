"""The order of the trial: the service once, then each proxy with all checks, then a second one of it behind another."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx

from deploy.trials.proxy_trial.certificate import HOST, make_certificate
from deploy.trials.proxy_trial.checks import (
    addresses,
    console,
    crowd,
    fast_path,
    killed_door,
    limits,
    logs,
    paths,
    smuggling,
    streams,
    tls,
)
from deploy.trials.proxy_trial.closed_door import closed_door
from deploy.trials.proxy_trial.findings import Broken
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.packages import Program, find_program
from deploy.trials.proxy_trial.proxies import KINDS, Kind, Place, kind_of, start_proxy
from deploy.trials.proxy_trial.service import Service
from deploy.trials.report import CannotTry, Trial
from omnify.embedded.ports import port_of, reserve_port

PORTS = ("http", "https", "door1", "operations", "door2", "door3", "closed")
STOP_SECONDS = 10.0


class Run:
    """One run. `stack` takes down what is started."""

    def __init__(self, trial: Trial, folder: Path, stack: ExitStack, *, streams: int) -> None:
        self._trial, self._folder, self._stack, self._streams = trial, folder, stack, streams
        self._kinds: dict[str, Kind] = {}

    def all(self, names: Sequence[str]) -> None:
        """Tries these proxies in turn. Raises CannotTry if there is none of them."""
        programs: dict[str, Program] = {}
        for name in names:
            try:
                programs[name] = find_program(name, self._folder)
                version = programs[name].version(*KINDS[name].version)
                self._kinds[name] = kind_of(name, version)
                self._trial.say(f"  {name}: {version}")
            except CannotTry as problem:
                self._trial.not_tried(name, str(problem))
        if not programs:
            raise CannotTry("there is no proxy")
        holders = [self._stack.enter_context(reserve_port()) for _ in PORTS]
        self._ports = dict(zip(PORTS, map(port_of, holders), strict=True))
        self._certificate = make_certificate(self._folder)
        url = f"https://{HOST}:{self._ports['https']}"
        self._service = Service(self._folder / "home", self._stack, url=url, ports=self._ports)
        self._service.start()
        for number, (name, program) in enumerate(programs.items()):
            if number:
                self._service.start_door2()
            with self._trial.part(name):
                self._try(name, program)

    def keep(self, folder: Path) -> None:
        """Copies what the proxies and the service wrote to a folder."""
        for path in self._folder.iterdir():
            if path.is_dir() and path.name.partition("-")[0] in KINDS and not path.name.endswith(("packages", "root")):
                shutil.copytree(path, folder / path.name, ignore=_no_sockets, dirs_exist_ok=True)
        shutil.copytree(self._folder / "home" / "log", folder / "service", dirs_exist_ok=True)

    def _try(self, name: str, program: Program) -> None:
        with ExitStack() as stack:
            front = self._start(stack, name, program, name, (self._ports["door1"], self._ports["door2"]))
            with ThreadPoolExecutor(8) as pool:
                self._check_all(front, pool)
        with ExitStack() as stack:
            asked = stack.enter_context(closed_door(self._ports["closed"]))
            doors = (self._ports["door3"], self._ports["closed"])
            behind = doors if self._kinds[name].asks_doors else doors[:1]
            chained = self._start(stack, name, program, f"{name}-behind-another", behind, behind_another=True)
            if self._kinds[name].asks_doors:
                self._check(chained, "asks doors", lambda front: killed_door.asks_doors(front, asked))
            else:
                self._trial.not_tried(f"{name}, asks doors", "it only sees which requests fail")
            self._check(chained, "behind two proxies", addresses.counts_behind_two)
            self._check(chained, "closed by its own rules", paths.is_closed)

    def _check_all(self, front: Front, pool: ThreadPoolExecutor) -> None:
        waits = streams.LongWaits(front, pool)
        self._check(front, "TLS", tls.speaks_tls)
        self._check(front, "redirect", tls.redirects)
        self._check(front, "HSTS once", tls.says_hsts_once)
        self._check(front, "HTTP/2", tls.speaks_http2)
        self._check(front, "nothing compressed", tls.compresses_nothing)
        self._check(front, "fast path", fast_path.keeps_connections)
        self._check(front, "console", console.signs_in)
        self._check(front, "https links", console.links_are_https)
        self._check(front, "metrics and admin closed", paths.is_closed)
        self._check(front, "operations port", paths.is_open_inside)
        self._check(front, "limits", limits.refuses_what_is_too_large)
        self._check(front, "smuggling", smuggling.are_refused)
        self._check(front, "addresses", addresses.cannot_be_forged)
        self._check(front, "rehearsal", fast_path.serves_a_crowd)
        self._check(front, "open streams", lambda front: crowd.carries(front, self._streams))
        self._check(front, "event streams", waits.streams_stay)
        self._check(front, "long polls", waits.polls_are_held)
        self._check(front, "streams end with clients", streams.lets_go)
        kind = self._kinds[front.name]
        loses_nothing = partial(
            killed_door.loses_nothing, sends_again=kind.sends_again, failures_each=kind.failures_each
        )
        self._check(front, "a door is killed", loses_nothing)
        self._check(front, "logs", logs.have_no_secrets)

    def _start(
        self,
        stack: ExitStack,
        name: str,
        program: Program,
        folder: str,
        doors: Sequence[int],
        *,
        behind_another: bool = False,
    ) -> Front:
        http, https = self._ports["http"], self._ports["https"]
        place = Place(self._folder / folder, http, https, doors, self._certificate, behind_another)
        child = start_proxy(self._kinds[name], name, program, place)
        stack.callback(child.stop, STOP_SECONDS)
        return Front(name, http, https, place.folder, self._certificate.authority, self._service, child)

    def _check(self, front: Front, what: str, check: Callable[[Front], str]) -> None:
        name = f"{front.name}, {what}"
        try:
            self._trial.check(name, True, check(front))
        except Broken as problem:
            self._trial.check(name, False, str(problem))
        except (OSError, RuntimeError, ValueError, LookupError, httpx.HTTPError, subprocess.TimeoutExpired) as problem:
            self._trial.check(name, False, f"{type(problem).__name__}: {problem}")


def _no_sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_socket()]
