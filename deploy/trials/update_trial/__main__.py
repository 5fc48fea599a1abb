"""`deploy/update-trial [--from COMMIT]`: can this version follow an earlier one without a gap, and give way to it?

An earlier version of the code runs behind a balancer. While crowds register through it, the schema is migrated to
that of this checkout, the parts are replaced by those of this checkout one by one, then by the earlier ones again, then
by those of this checkout. No one may notice: no request is refused or has to be sent twice, each ticket is decided
once, every webhook and mail goes out, and the decision log is in order. Either version reads what the other wrote.

Ends with 0 if all of that held, with 1 if not, and with 77 if it could not be tried. It takes three minutes, and five
at most (besides the time to install the earlier version's packages, where they are others). Nothing is left behind.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from deploy.trials.report import NOT_TRIED, CannotTry, Trial
from deploy.trials.update_trial import findings
from deploy.trials.update_trial.balancer import find_haproxy
from deploy.trials.update_trial.crowd import Crowds
from deploy.trials.update_trial.mailed import MailedGuests
from deploy.trials.update_trial.parts import Parts
from deploy.trials.update_trial.versions import Version, earlier_version, this_version


def main() -> int:
    """Runs the trial; returns the exit code."""
    chosen = _parse()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        find_haproxy()
        with (
            tempfile.TemporaryDirectory(prefix="omnify-update-") as folder,
            earlier_version(Path(folder), chosen.commit) as earlier,
            Trial("update-trial", seconds=chosen.most_seconds) as trial,
        ):
            if chosen.keep:
                trial.afterwards(lambda: shutil.copytree(Path(folder) / "log", chosen.keep, dirs_exist_ok=True))
            _try(trial, Path(folder), earlier, rate=chosen.rate)
    except CannotTry as problem:
        sys.stderr.write(f"update-trial: not tried: {problem}\n")
        return NOT_TRIED
    return trial.exit_code


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="deploy/update-trial", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--from", dest="commit", help="the earlier version (default: before the newest migration)")
    parser.add_argument("--rate", type=int, default=50, help="registrations a second (default: 50)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="copy the logs of all parts to this folder")
    parser.add_argument("--most-seconds", type=int, default=300, help="end after this time in any case (default: 300)")
    return parser.parse_args()


def _try(trial: Trial, home: Path, earlier: Version, *, rate: int) -> None:
    home.chmod(0o711)  # PostgreSQL's user passes through
    this = this_version()
    new = sorted(this.migrations() - earlier.migrations())
    trial.say(f"from {earlier.name} to {this.name}; migrations: {', '.join(new) or 'none'}")
    probe = "/health/door" if earlier.knows_health_door else "/health/live"
    parts = Parts(home, trial, probe=probe)
    parts.start_stores()
    parts.set_up(earlier)
    parts.start_all(earlier)
    trial.say(f"{earlier.name} is at work: two doors behind HAProxy, which asks {probe}, two drains, deliverer, mailer")
    guests = MailedGuests(parts.balancer.url, parts.token)
    trial.afterwards(guests.stop)
    crowds = Crowds(url=parts.balancer.url, token=parts.token, folder=home, rate=rate)
    trial.afterwards(crowds.end)
    _roll(trial, parts, earlier, this)
    guests.stop()
    event_id, receipts = findings.of_crowds(trial, crowds.last())
    findings.of_guests(trial, guests)
    findings.of_balancer(trial, parts)
    findings.of_outbox(trial, parts, mails=len(guests.tickets))
    for version in (earlier, this):
        findings.of_log(trial, version, parts.balancer.url, event_id, receipts)
    findings.of_parts(trial, parts)


def _roll(trial: Trial, parts: Parts, earlier: Version, this: Version) -> None:
    """Migrates and replaces: workers first, as docs/operating.md has it; back in the same order, so that drains of the
    earlier version get what doors of this one write; and once doors first."""
    workers, doors = parts.replace_workers, parts.replace_doors
    steps: tuple[tuple[str, Version, tuple[Callable[[Version], None], ...]], ...] = (
        ("migrated beside the earlier version", this, (parts.migrate,)),
        ("forth, workers before doors", this, (workers, doors)),
        ("back, workers before doors", earlier, (workers, doors)),
        ("forth, doors before workers", this, (doors, workers)),
    )
    for what, version, step in steps:
        started = time.monotonic()
        for replace in step:
            replace(version)
        trial.check(what, True, f"{time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
