"""Where tracing is off, no process of the service imports anything of OpenTelemetry, and doors and drains are the usual
ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from omnify.embedded.programs import ROOT
from tests.support.bare_environment import bare_environment

_PROGRAM = """
import asyncio, sys
import omnify.asgi
import worker.tasks, worker.traces, worker.pipeline
import worker.webhooks.process, worker.mail.process
from django.conf import settings
from events.door.fast_path import FastPath

async def open_service():
    omnify.asgi.application._open()
    return omnify.asgi.application._door

door = asyncio.run(open_service())
worker.webhooks.process._make_dispatcher()
worker.mail.process._make_mailer()
print(settings.ENV.tracing is not None, type(door.fast_path) is FastPath,
      worker.traces.pipeline() is worker.pipeline.Pipeline,
      any(name.split(".")[0] == "opentelemetry" for name in sys.modules))
"""


def test_nothing_of_it_is_imported_unless_it_is_on(tmp_path: Path) -> None:
    env = {
        **bare_environment(),
        "OMNIFY_HOME": str(tmp_path),
        "SECRET_KEY": "only-for-tests-" + "k" * 40,
        "DATABASE_URL": f"sqlite:///{tmp_path}/none.sqlite3",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "DJANGO_SETTINGS_MODULE": "omnify.settings",
    }
    found = subprocess.run([sys.executable, "-c", _PROGRAM], cwd=ROOT, env=env, capture_output=True, text=True)
    assert (found.stdout.strip(), found.returncode) == ("False True True False", 0), found.stderr
