"""The manifests for Kubernetes: valid, confined as the compose file confines, and with its environment.

No cluster is needed. What an overlay renders is looked at where there is a kubectl (Debian: kubernetes-client).
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from omnify import gunicorn_conf
from tests.support.promql import asked

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "deploy" / "kubernetes"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text("utf-8")
# The services of the compose file, and what they are here.
NAMES = {"migrate": "migrate", "web": "door", "worker": "drain", "deliver": "deliver", "mail": "mail"}
STAYING = ("door", "drain", "deliver", "mail")
OPERATORS = ("ScaledObject", "PodMonitor")  # kinds of KEDA and of the Prometheus operator
BASE: list[dict[str, Any]] = [
    document
    for path in sorted((FOLDER / "base").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for document in yaml.safe_load_all(path.read_text("utf-8"))
]
PODS: dict[str, Any] = {
    one["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["spec"]
    for one in BASE
    if one["kind"] in ("Deployment", "Job")
}
CONTAINERS = [one for pod in PODS.values() for one in (*pod["containers"], *pod.get("initContainers", ()))]
[SHARED] = [one["data"] for one in BASE if one["kind"] == "ConfigMap"]


def main_container(name: str) -> dict[str, Any]:
    [container] = PODS[name]["containers"]
    return container  # type: ignore[no-any-return]


def names_in(container: dict[str, Any]) -> set[str]:
    return {one["name"] for one in container["env"]} | (set(SHARED) if "envFrom" in container else set())


def without_name(command: list[str]) -> list[str]:
    return [part for part in command if not part.startswith("--name=")]


@pytest.mark.parametrize("one", BASE, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_the_api_takes_every_object(one: dict[str, Any]) -> None:
    kubernetes_validate.validate(one, "1.33", strict=True)


def test_the_environment_is_that_of_the_compose_file() -> None:
    for service, name in NAMES.items():
        expected = set(COMPOSE[service]["environment"])
        more = {"METRICS_BIND"} if name in ("drain", "deliver", "mail") else set()
        assert names_in(main_container(name)) == expected | more, name
    [roles] = PODS["migrate"]["initContainers"]
    assert names_in(roles) == set(COMPOSE["roles"]["environment"])


def test_every_variable_is_one_that_the_service_reads() -> None:
    undocumented = {name for name in NAMES.values() for name in names_in(main_container(name))}
    assert {name for name in undocumented if f"`{name}`" not in CONFIGURATION} == set()


def test_a_value_that_the_compose_file_sets_as_well_is_the_same() -> None:
    # What is known only where it runs, or counts otherwise: hosts and links, a password in an address, cores.
    own = {"ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "PUBLIC_URL", "WEB_WORKERS"}
    values = {
        name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value)
        for name, value in COMPOSE["web"]["environment"].items()
        if name in SHARED and name not in own
    }
    assert values == {name: value for name, value in SHARED.items() if name not in own}


def test_secrets_come_from_outside() -> None:
    assert {one["kind"] for one in BASE} == {
        *("ConfigMap", "Deployment", "Service", "PodDisruptionBudget", "Job", "NetworkPolicy")
    }
    secret = {"SECRET_KEY", "LOG_SIGNING_KEY", "METRICS_TOKEN", "REDIS_URL", "CELERY_BROKER_URL", "DATABASE_URL"}
    assert not secret & set(SHARED)
    for container in CONTAINERS:
        given = {one["name"] for one in container["env"] if "value" in one}
        assert given <= {"METRICS_BIND"}, container["name"]
        assert all("secretKeyRef" in one["valueFrom"] for one in container["env"] if "value" not in one)


def test_each_process_logs_in_with_its_own_role() -> None:
    roles = {"migrate": "owner", "door": "web", "drain": "worker", "deliver": "deliver", "mail": "deliver"}
    for name, role in roles.items():
        for container in (*PODS[name]["containers"], *PODS[name]["initContainers"]):
            [url] = [one["valueFrom"]["secretKeyRef"] for one in container["env"] if one["name"] == "DATABASE_URL"]
            superuser = {"name": "omnify-superuser", "key": "url"}
            assert url == (superuser if container["name"] == "roles" else {"name": "omnify-database", "key": role})


def test_programs_are_those_of_the_compose_file() -> None:
    for service, name in NAMES.items():
        assert without_name(main_container(name).get("command", [])) == COMPOSE[service].get("command", []), name


def test_a_container_can_change_nothing_but_its_volumes() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    [user] = re.findall(r"(?m)^USER (\d+):\d+$", dockerfile)
    [folder] = re.findall(r"PROMETHEUS_MULTIPROC_DIR=(\S+)", dockerfile)
    [home] = re.findall(r"OMNIFY_HOME=(\S+)", dockerfile)
    for name, pod in PODS.items():
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == int(user)
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        # Doors alone sign logs, and keep what they have signed.
        wanted = {"tmp", "metrics"} | ({"home"} if name == "door" else set())
        assert {one["name"] for one in pod["volumes"] if one["emptyDir"]["sizeLimit"]} == wanted
    assert {"name": "home", "mountPath": home} in main_container("door")["volumeMounts"]
    for container in CONTAINERS:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {one["mountPath"] for one in container["volumeMounts"]} - {home} == {"/tmp", folder}  # noqa: S108
        assert container["resources"]["limits"]["memory"]


def test_a_door_leaves_the_rotation_before_it_ends_and_an_outage_of_the_database_takes_none() -> None:
    door = main_container("door")
    assert door["readinessProbe"]["httpGet"]["path"] == "/health/door"
    assert door["livenessProbe"]["httpGet"]["path"] == "/health/live"
    program, seconds = door["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    stopping = int(seconds) + gunicorn_conf.graceful_timeout + gunicorn_conf.keepalive
    assert PODS["door"]["terminationGracePeriodSeconds"] > stopping
    assert all("livenessProbe" not in main_container(name) for name in ("drain", "deliver", "mail"))


def test_nothing_starts_before_the_tables_are_there() -> None:
    for name in STAYING:
        [tables] = PODS[name]["initContainers"]
        assert tables["command"] == ["python", "manage.py", "migrate", "--check"]


def test_of_what_stays_up_one_at_a_time_may_be_taken_away() -> None:
    budgets = [one["spec"] for one in BASE if one["kind"] == "PodDisruptionBudget"]
    assert {budget["selector"]["matchLabels"]["app.kubernetes.io/component"] for budget in budgets} == {
        *("door", "drain", "deliver")
    }
    assert all(budget["maxUnavailable"] == 1 for budget in budgets)


def test_only_webhooks_and_mail_leave_the_cluster_and_only_doors_are_reached() -> None:
    policies = {one["metadata"]["name"]: one["spec"] for one in BASE if one["kind"] == "NetworkPolicy"}
    everything = {"matchLabels": {"app.kubernetes.io/name": "omnify"}}
    assert policies["omnify-nothing"] == {"podSelector": everything, "policyTypes": ["Ingress", "Egress"]}
    outside = {name for name, spec in policies.items() if "ipBlock" in str(spec)}
    assert outside == {"omnify-outside"}
    [who] = policies["omnify-outside"]["podSelector"]["matchExpressions"]
    assert who["values"] == ["deliver", "mail"]
    entered = {name: spec["podSelector"]["matchLabels"] for name, spec in policies.items() if "ingress" in spec}
    assert set(entered) == {"omnify-clients", "omnify-metrics"}
    assert entered["omnify-clients"]["app.kubernetes.io/component"] == "door"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not here (Debian: kubernetes-client)")
@pytest.mark.parametrize("overlay", ["small", "production"])
def test_an_overlay_renders_to_what_the_api_takes(overlay: str) -> None:
    done = subprocess.run(["kubectl", "kustomize", FOLDER / overlay], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    made = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}
    assert set(made) >= {(one["kind"], one["metadata"]["name"]) for one in BASE}
    for (kind, _), one in made.items():
        assert one["metadata"]["namespace"] == "omnify"
        if kind not in OPERATORS:
            kubernetes_validate.validate(one, "1.33", strict=True)
    images = {one["image"] for (kind, _), found in made.items() if kind in ("Deployment", "Job") for one in _all(found)}
    assert images == {"registry.example.com/omnify:0.1.0"}
    assert all(made["Deployment", f"omnify-{name}"]["spec"].get("replicas", 0) for name in ("door", "deliver", "mail"))
    if overlay == "production":
        _check_operators(made)
    else:
        assert made["Deployment", "omnify-drain"]["spec"]["replicas"] >= 2


def _all(found: dict[str, Any]) -> list[dict[str, Any]]:
    pod = found["spec"]["template"]["spec"]
    return [*pod["containers"], *pod.get("initContainers", ())]


def _check_operators(made: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Their schemas are not here: what they name must exist."""
    scaled = made["ScaledObject", "omnify-drain"]["spec"]
    target = made["Deployment", scaled["scaleTargetRef"]["name"]]["spec"]
    assert "replicas" not in target, "KEDA and the manifest would take turns"
    assert scaled["minReplicaCount"] >= 2
    [trigger] = scaled["triggers"]
    assert {one.metric for one in asked(trigger["metadata"]["query"])} == {"omnify_queue_oldest_seconds"}
    ports = {port["name"] for pod in PODS.values() for one in pod["containers"] for port in one.get("ports", ())}
    monitor = made["PodMonitor", "omnify"]["spec"]
    assert {one["port"] for one in monitor["podMetricsEndpoints"]} == ports - {"http"}
    for name in ("door", "drain", "deliver"):
        spread = made["Deployment", f"omnify-{name}"]["spec"]["template"]["spec"]["topologySpreadConstraints"]
        keys = {one["topologyKey"]: one["whenUnsatisfiable"] for one in spread}
        assert keys == {"kubernetes.io/hostname": "ScheduleAnyway", "topology.kubernetes.io/zone": "DoNotSchedule"}
