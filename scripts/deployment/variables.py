"""The variables that files set: each exists, and the three ways to deploy give a service the same ones."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.deployment.compose import read_compose
from scripts.deployment.dockerfile import read_stages
from scripts.deployment.kubernetes import given_variables
from scripts.deployment.service_files import Service

GUIDE = Path("docs/deployment/railway.md")

_NOT_OURS = frozenset({
    "PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "TMPDIR",  # of Python
    "HF_HOME", "LD_LIBRARY_PATH",  # of the libraries of engines
    "ENGINE", "DEVICE", "TORCH_INDEX",  # of a Dockerfile: Railway hands variables to builds, too
})  # fmt: skip

_NEEDED = frozenset({
    "REDIS_URL", "POSTGRES_URL", "OBJECT_STORE_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
    "DIARIZER_ENGINE", "TRANSCRIBER_ENGINE", "SUMMARIZER_ENGINE",
})  # fmt: skip
"""What a service does not run without once it is deployed, if it has such a setting."""

_ROW = re.compile(r"\| `(?P<name>[A-Z_]+)` \|.*\| (?P<services>[a-z, ]+) \|")


def variable_faults(services: tuple[Service, ...], root: Path) -> Iterator[str]:
    """Names that no service reads, and those that one way of deploying forgets."""
    known = _NOT_OURS.union(*(service.variables for service in services))
    for where, names in _set_anywhere(services, root).items():
        yield from (f"{where} sets {name}, which no service reads" for name in sorted(names - known))
    containers = read_compose(root / "docker-compose.yml").services
    guide = railway_variables(services, root)
    for service in services:
        ways = {
            "docker-compose.yml": frozenset(containers[service.name].environment),
            "deploy/kubernetes": given_variables(root, service),
            str(GUIDE): guide[service.name],
        }
        for way, given in ways.items():
            for name in sorted((_NEEDED & service.variables) - given):
                yield f"{way} does not give the {service.name} its {name}"


def railway_variables(services: tuple[Service, ...], root: Path) -> dict[str, frozenset[str]]:
    """Service → what the table of the guide gives it; its last column names services, `all` or `workers`."""
    groups = {"all": {one.name for one in services}, "workers": {one.name for one in services} - {"gateway"}}
    given: dict[str, set[str]] = {one.name: set() for one in services}
    for row in _ROW.finditer((root / GUIDE).read_text("utf-8")):
        for word in row["services"].split(", "):
            for name in groups.get(word, {word}):
                given.setdefault(name, set()).add(row["name"])
    return {name: frozenset(names) for name, names in given.items()}


def _set_anywhere(services: tuple[Service, ...], root: Path) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path in sorted(root.glob("docker-compose*.yml")):
        containers = read_compose(path).services
        ours = {one.name for one in services} | {"migrate"}
        found[path.name] = {key for name in ours & containers.keys() for key in containers[name].environment}
    for service in services:
        image = read_stages(service.dockerfile)[-1]
        found[f"services/{service.name}/Dockerfile"] = {key for one in image.all("ENV") for key in one.assignments}
        found.setdefault("deploy/kubernetes", set()).update(given_variables(root, service))
    found[str(GUIDE)] = {key for keys in railway_variables(services, root).values() for key in keys}
    return found
