"""`deploy/compose-trial`, as far as it needs no engine: what it copies and writes, and its refusal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.trials.compose_trial.deployment import copy_project, env_line
from deploy.trials.report import NOT_TRIED

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_copy_has_what_the_image_is_made_of_and_the_line_for_its_secrets(tmp_path: Path) -> None:
    copy_project(tmp_path)

    assert (tmp_path / "Dockerfile").read_bytes() == (ROOT / "Dockerfile").read_bytes()
    assert (tmp_path / "docker-compose.yml").read_bytes() == (ROOT / "docker-compose.yml").read_bytes()
    assert all((tmp_path / name).exists() for name in ("manage.py", "requirements.lock", "omnify/asgi.py", "worker"))
    assert not (tmp_path / "tests").exists()
    assert not (tmp_path / ".env").exists()
    line = env_line((tmp_path / "deploy" / ".env.example").read_text("utf-8"))
    assert line.startswith("(umask 077; set -C;") and line.endswith("> .env)")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_without_root_it_says_so_and_ends_with_a_code_of_its_own() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os\nfrom deploy.trials.compose_trial.__main__ import main\nos.setuid(65534)\nprint(main([]))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.splitlines()[0] == "compose-trial: not tried: root is needed for an engine of its own"
    assert done.stdout.splitlines()[-1] == str(NOT_TRIED)
