"""What the files of Railway promise beyond their schema."""

import re
import tomllib
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, Field

from scripts.deployment.dockerfile import read_stages
from scripts.deployment.service_files import Service

MARGIN = 10.0
"""Seconds that a service needs beyond its grace: to close its connections, and to end its children."""

_START = ("uvicorn", "services.gateway.asgi:app", "--host 0.0.0.0", "--port $PORT")
"""The gateway's: always with keys, where Railway looks for it."""

_EMPTY = "services/__init__.py"
"""Goes into every image and never changes."""


class Build(BaseModel):
    """`[build]`."""

    dockerfile_path: str = Field(alias="dockerfilePath")
    watch_patterns: list[str] = Field(alias="watchPatterns")


class Deploy(BaseModel):
    """`[deploy]`."""

    start_command: str | None = Field(default=None, alias="startCommand")
    pre_deploy_command: list[str] = Field(default=[], alias="preDeployCommand")
    healthcheck_path: str = Field(alias="healthcheckPath")
    restart_policy_type: Literal["ALWAYS", "ON_FAILURE", "NEVER"] = Field(alias="restartPolicyType")
    draining_seconds: float = Field(alias="drainingSeconds")


class RailwayFile(BaseModel):
    """A service's configuration."""

    build: Build
    deploy: Deploy


def read_railway(service: Service) -> RailwayFile:
    """The file of one service."""
    return RailwayFile.model_validate(tomllib.loads(service.railway.read_text("utf-8")))


def railway_faults(services: tuple[Service, ...]) -> Iterator[str]:
    """Per service: another's Dockerfile, a stop that is too short, changes that nobody watches."""
    for service in services:
        where = service.railway.relative_to(service.root)
        if not service.railway.is_file():
            yield f"{where}: missing"
            continue
        yield from (f"{where}: {fault}" for fault in _faults(service, read_railway(service)))


def _faults(service: Service, file: RailwayFile) -> Iterator[str]:
    dockerfile = str(service.dockerfile.relative_to(service.root))
    if file.build.dockerfile_path != dockerfile:
        yield f"dockerfilePath is not {dockerfile}"
    if file.deploy.healthcheck_path != "/ready":
        yield "a deploy goes live before the service is ready"
    if file.deploy.restart_policy_type != "ALWAYS":
        yield "is not started again whenever it ends"
    if file.deploy.draining_seconds < service.grace + MARGIN:
        yield f"drainingSeconds is less than GRACE ({service.grace:g} s) and {MARGIN:g} s more"
    yield from _start_faults(service, file.deploy)
    for source in _copied(service):
        if not any(_covers(pattern, source) for pattern in file.build.watch_patterns):
            yield f"watchPatterns do not cover {source}, which the image has"


def _start_faults(service: Service, deploy: Deploy) -> Iterator[str]:
    start = deploy.start_command
    if service.name == "gateway" and not all(word in (start or "") for word in _START):
        yield f"does not start with {' '.join(_START)}"
    if start is not None and "$" in start and not re.fullmatch(r'/bin/sh -c "exec .+"', start):
        yield "startCommand has variables, but no shell that expands them"
    if service.name == "gateway" and deploy.pre_deploy_command != ["python -m services.gateway migrate"]:
        yield "does not migrate before a deploy"


def _copied(service: Service) -> Iterator[str]:
    """Everything below the root that goes into the image."""
    for stage in read_stages(service.dockerfile):
        for copy in stage.all("COPY"):
            if copy.comes_from is None:
                yield from (source for source in copy.sources if source != _EMPTY)


def _covers(pattern: str, source: str) -> bool:
    """Whether a change of `source`, or below it, counts as one of the pattern."""
    folder = pattern.removeprefix("/").removesuffix("**")
    return f"{source}/".startswith(folder) if pattern.endswith("/**") else source == folder
