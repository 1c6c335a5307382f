"""The files of Compose: what is read of them, and what the five services must have there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import yaml
from pydantic import BaseModel

from scripts.deployment.dockerfile import read_stages
from scripts.deployment.railway import MARGIN
from scripts.deployment.service_files import Service

Value = str | int | float | None

COMPOSE = "docker-compose.yml"
_MIGRATION = ["python", "-m", "services.gateway", "migrate"]


class Build(BaseModel):
    """Of one image."""

    dockerfile: str | None = None
    args: dict[str, Value] = {}


class HealthCheck(BaseModel):
    """How a container is asked; without one, as its image says."""

    test: list[str] | str = []
    disable: bool = False


class Dependency(BaseModel):
    """What another has to be before a container starts."""

    condition: str


class Deploy(BaseModel):
    """What a container needs of the machine."""

    resources: dict[str, object] = {}


class ComposeService(BaseModel):
    """One container."""

    image: str | None = None
    build: Build | None = None
    command: list[str] = []
    container_name: str | None = None
    user: str | None = None
    restart: str = "no"
    environment: dict[str, Value] = {}
    ports: list[str] = []
    networks: list[str] = []
    volumes: list[str] = []
    tmpfs: list[str] = []
    healthcheck: HealthCheck = HealthCheck()
    depends_on: dict[str, Dependency] = {}
    read_only: bool = False
    cap_drop: list[str] = []
    security_opt: list[str] = []
    stop_grace_period: str = "10s"
    mem_limit: str | None = None
    cpus: float | str | None = None
    deploy: Deploy = Deploy()

    @property
    def kept(self) -> list[str]:
        """The folders of volumes that have a name, and so outlive the container."""
        return [target for source, target in self._mounts if source]

    def may_write(self, folder: str) -> bool:
        """Whether a container with read-only files can write there."""
        mounts = [*self.tmpfs, *(target for _, target in self._mounts)]
        return any(PurePosixPath(folder).is_relative_to(mount.partition(":")[0]) for mount in mounts)

    @property
    def _mounts(self) -> list[tuple[str, str]]:
        """Source, if it has a name, and target of what is not read-only."""
        parts = [mount.split(":") for mount in self.volumes]
        return [(part[0] if len(part) > 1 else "", part[min(1, len(part) - 1)]) for part in parts if part[2:] != ["ro"]]


class Network(BaseModel):
    """What containers see each other through."""

    internal: bool = False


class ComposeFile(BaseModel):
    """All containers of one file."""

    services: dict[str, ComposeService]
    networks: dict[str, Network | None] = {}


def read_compose(path: Path) -> ComposeFile:
    """With anchors and merges resolved, and variables as they stand there."""
    return ComposeFile.model_validate(yaml.safe_load(path.read_text("utf-8")))


def compose_faults(services: tuple[Service, ...], root: Path) -> Iterator[str]:
    """Services that are missing, end too early, start too soon, or cannot write what they must."""
    containers = read_compose(root / COMPOSE).services
    for service in services:
        if service.name not in containers:
            yield f"{COMPOSE}: no {service.name}"
            continue
        container = containers[service.name]
        found = (*_faults(service, container), *_folder_faults(service, container))
        yield from (f"{COMPOSE}: {service.name} {fault}" for fault in found)
    yield from (f"{COMPOSE}: {fault}" for fault in _order_faults(services, containers))
    yield from _gpu_faults(root)
    for path in sorted(root.glob("docker-compose*.yml")):
        for name, container in read_compose(path).services.items():
            engine = container.environment.get(f"{name.upper()}_ENGINE")
            if container.build is not None and container.build.args.get("ENGINE", engine) != engine:
                yield f"{path.name}: {name} is built for another engine than it is to use"


def _faults(service: Service, container: ComposeService) -> Iterator[str]:
    if container.build is None or container.build.dockerfile != f"services/{service.name}/Dockerfile":
        yield "is not built from its own Dockerfile"
    if seconds(container.stop_grace_period) < service.grace + MARGIN:
        yield f"is killed less than {MARGIN:g} s after GRACE ({service.grace:g} s)"
    if _is_plain(container.environment) and not container.environment.get("AWS_ALLOW_HTTP"):
        yield "refuses its store without AWS_ALLOW_HTTP"
    if container.cpus is None:
        yield "has no limit of CPU"
    if container.container_name or (container.ports and service.name != "gateway"):
        yield "has a name or a port of its own, so that there can be only one: --scale fails"


def _folder_faults(service: Service, container: ComposeService) -> Iterator[str]:
    """Its own files are read-only: scratch files go to a volume, and so do models, which are to stay."""
    image = read_stages(service.dockerfile)[-1]
    for name, folder in (image.written_folders | _own_folders(container)).items():
        if not container.may_write(folder):
            yield f"cannot write to {folder}, which is its {name}"
        if name == "HF_HOME" and folder not in container.kept:
            yield f"fetches its models again for each container: {folder} is no volume with a name"


def _own_folders(container: ComposeService) -> dict[str, str]:
    """Where a container writes to instead of where its image would."""
    return {"TMPDIR": str(container.environment["TMPDIR"])} if "TMPDIR" in container.environment else {}


def _is_plain(environment: Mapping[str, Value]) -> bool:
    """Whether the store is reached without encryption."""
    return "http://" in str(environment.get("AWS_ENDPOINT_URL"))


def _order_faults(services: tuple[Service, ...], containers: Mapping[str, ComposeService]) -> Iterator[str]:
    wanted = [(service.name, "redis", "service_healthy") for service in services]
    wanted += [(service.name, "bucket", "service_completed_successfully") for service in services]
    wanted += [("gateway", "migrate", "service_completed_successfully"), ("migrate", "postgres", "service_healthy")]
    for name, other, condition in wanted:
        awaited = containers[name].depends_on.get(other) if name in containers else None
        if awaited is None or awaited.condition != condition:
            yield f"{name} does not wait until {other} is {condition.removeprefix('service_').replace('_', ' ')}"
    if "migrate" in containers:
        if containers["migrate"].command != _MIGRATION:
            yield "migrate does not migrate"
        for name, folder in _own_folders(containers["migrate"]).items():
            if not containers["migrate"].may_write(folder):
                yield f"migrate cannot write to {folder}, which is its {name}"


def _gpu_faults(root: Path) -> Iterator[str]:
    """The override has to reserve a GPU for each engine that it moves there."""
    path = root / "docker-compose.gpu.yml"
    for name, container in read_compose(path).services.items():
        if "gpu" not in str(container.deploy.resources.get("reservations", "")):
            yield f"{path.name}: {name} reserves no GPU"
        if "cuda" not in container.environment.values():
            yield f"{path.name}: {name} does not compute on its GPU"


def seconds(duration: str) -> float:
    """Of `90s` or `1m30s`."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)([hms])", duration))
