"""What the files of Compose promise beyond their schema."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from pydantic import BaseModel

from scripts.deployment.service_files import Service

Value = str | int | float | None


class Build(BaseModel):
    """Of one image."""

    dockerfile: str | None = None
    args: dict[str, Value] = {}


class ComposeService(BaseModel):
    """One container."""

    image: str | None = None
    build: Build | None = None
    environment: dict[str, Value] = {}
    read_only: bool = False
    cap_drop: list[str] = []
    security_opt: list[str] = []
    stop_grace_period: str = "10s"
    mem_limit: str | None = None


class ComposeFile(BaseModel):
    """All containers of one file."""

    services: dict[str, ComposeService]


def read_compose(path: Path) -> ComposeFile:
    """With anchors and merges resolved, and variables as they stand there."""
    return ComposeFile.model_validate(yaml.safe_load(path.read_text("utf-8")))


def compose_faults(services: tuple[Service, ...], root: Path) -> Iterator[str]:
    """Services that are missing, end too early, or may do more than they need."""
    containers = read_compose(root / "docker-compose.yml").services
    for service in services:
        if service.name not in containers:
            yield f"docker-compose.yml: no {service.name}"
            continue
        container = containers[service.name]
        if container.build is None or container.build.dockerfile != f"services/{service.name}/Dockerfile":
            yield f"docker-compose.yml: {service.name} is not built from its own Dockerfile"
        if not container.read_only:
            yield f"docker-compose.yml: {service.name} may write to its own files"
        if seconds(container.stop_grace_period) <= service.grace:
            yield f"docker-compose.yml: {service.name} is killed within GRACE ({service.grace:g} s)"
        if _is_plain(container.environment) and not container.environment.get("AWS_ALLOW_HTTP"):
            yield f"docker-compose.yml: {service.name} refuses its store without AWS_ALLOW_HTTP"
    yield from _lax(containers)


def _is_plain(environment: Mapping[str, Value]) -> bool:
    """Whether the store is reached without encryption."""
    return "http://" in str(environment.get("AWS_ENDPOINT_URL"))


def _lax(containers: Mapping[str, ComposeService]) -> Iterator[str]:
    for name, container in containers.items():
        if container.cap_drop != ["ALL"] or "no-new-privileges:true" not in container.security_opt:
            yield f"docker-compose.yml: {name} keeps privileges"
        if container.mem_limit is None:
            yield f"docker-compose.yml: {name} has no limit of memory"


def seconds(duration: str) -> float:
    """Of `90s` or `1m30s`."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([hms])", duration))
