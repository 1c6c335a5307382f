"""Secrets that stand in a file: each must come from the environment, or from a secret of the platform."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from scripts.deployment.compose import read_compose
from scripts.deployment.dockerfile import read_stages
from scripts.deployment.manifests import BASE, Values, read_manifest, read_pod
from scripts.deployment.service_files import Service

_SECRET = re.compile(r".*(PASSWORD|SECRET|TOKEN|API_KEY|ACCESS_KEY|KEY_ID|AUTH|HEADERS|--requirepass)\w*")
_WITH_PASSWORD = re.compile(r"\w+://[^/@\s]*?:(?P<password>[^@]*)@")
_NO_SECRET = frozenset({"STORE_ACCESS_KEY"})
"""Of `.env.example`: a name, whose secret is STORE_SECRET_KEY."""

_REFERENCE = re.compile(r"\$\{\w+(:\?[^${}]*|:-)?\}")
"""A variable of the shell that has no default."""


def literal_faults(services: tuple[Service, ...], root: Path) -> Iterator[str]:
    """Where one stands, by its name; never what it is."""
    for path in sorted(root.glob("docker-compose*.yml")):
        for name, container in read_compose(path).services.items():
            values = {key: str(value or "") for key, value in container.environment.items()}
            yield from _literals(f"{path.name}: {name}", values | dict(pairwise(container.command)))
    yield from _literals(".env.example", _example(root / ".env.example"))
    for service in services:
        yield from _image_faults(service)
        yield from _pod_faults(service, root)
    yield from _manifest_faults(root)


def _image_faults(service: Service) -> Iterator[str]:
    for stage in read_stages(service.dockerfile):
        arguments = {key: value for one in stage.all("ARG") for key, value in one.assignments.items()}
        yield from _literals(f"services/{service.name}/Dockerfile", stage.environment | arguments)


def _pod_faults(service: Service, root: Path) -> Iterator[str]:
    pod = read_pod(root, service.name)
    for container in (*pod.init_containers, *pod.containers):
        given = {one.name: one.value or "" for one in container.env}
        yield from _literals(f"{BASE}/{service.name}.yaml: {container.name}", given)


def _manifest_faults(root: Path) -> Iterator[str]:
    """Values in a repository: of a ConfigMap none that is secret, of a Secret only examples."""
    for path in sorted(root.glob("deploy/kubernetes/**/*.yaml")):
        found = read_manifest(path)
        if not isinstance(found, dict) or found.get("kind") not in {"ConfigMap", "Secret"}:
            continue
        values, where = Values.model_validate(found), str(path.relative_to(root))
        if values.kind == "ConfigMap":
            yield from _literals(where, values.data)
        elif ".example." not in path.name:
            yield f"{where} is a Secret, which belongs into no repository"


def _literals(where: str, values: Mapping[str, str]) -> Iterator[str]:
    for name, value in values.items():
        address = _WITH_PASSWORD.search(value)
        secret = value if _SECRET.fullmatch(name) else address["password"] if address else ""
        if name not in _NO_SECRET and _without_references(secret):
            yield f"{where} has a secret in it: {name}"


def _without_references(value: str) -> str:
    """What is left once variables, also such that stand in for others, are taken out."""
    shorter = _REFERENCE.sub("", value)
    return shorter if shorter == value else _without_references(shorter)


def _example(path: Path) -> dict[str, str]:
    lines = [line for line in path.read_text("utf-8").splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)
