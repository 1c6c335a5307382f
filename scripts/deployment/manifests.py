"""The manifests of Kubernetes and KEDA, as far as something has to agree with them."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

BASE, KEDA = Path("deploy/kubernetes/base"), Path("deploy/kubernetes/keda")


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Named(_Part):
    """A reference by name."""

    name: str


class Variable(Named):
    """One variable that a container is given by itself."""

    value: str | None = None


class EnvironmentSource(_Part):
    """Where a container has variables from."""

    config_map_ref: Named | None = None
    secret_ref: Named | None = None


class HttpGet(_Part):
    """A page that is asked."""

    path: str


class Probe(_Part):
    """One look at a container."""

    http_get: HttpGet


class Resources(_Part):
    """What a container asks for, and at most gets."""

    requests: dict[str, str | float] = {}
    limits: dict[str, str | float] = {}


class Capabilities(_Part):
    """Of Linux."""

    drop: list[str] = []


class ContainerSecurity(_Part):
    """What a container may do."""

    allow_privilege_escalation: bool = True
    read_only_root_filesystem: bool = False
    capabilities: Capabilities = Capabilities()


class Profile(_Part):
    """Which system calls there are."""

    type: str = "Unconfined"


class PodSecurity(_Part):
    """As whom a pod runs."""

    run_as_non_root: bool = False
    run_as_user: int = 0
    seccomp_profile: Profile = Profile()


class Port(Named):
    """Where a container listens."""

    container_port: int


class Mount(Named):
    """Where a container sees a volume."""

    mount_path: str
    read_only: bool = False


class Container(Named):
    """Of a pod."""

    image: str
    args: list[str] = []
    ports: list[Port] = []
    env: list[Variable] = []
    env_from: list[EnvironmentSource] = []
    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None
    resources: Resources = Resources()
    security_context: ContainerSecurity = ContainerSecurity()
    volume_mounts: list[Mount] = []


class PodSpec(_Part):
    """Of a deployment."""

    termination_grace_period_seconds: float = 30.0
    automount_service_account_token: bool = True
    security_context: PodSecurity = PodSecurity()
    init_containers: list[Container] = []
    containers: list[Container]
    volumes: list[Named] = []


class Template(_Part):
    """Of its pods."""

    spec: PodSpec


class DeploymentSpec(_Part):
    """What a deployment keeps running."""

    template: Template


class Deployment(_Part):
    """One service."""

    spec: DeploymentSpec


class Values(_Part):
    """A ConfigMap or a Secret."""

    kind: str
    metadata: Named
    data: dict[str, str] = {}
    string_data: dict[str, str] = Field(default={})


class Trigger(_Part):
    """What KEDA looks at."""

    type: str
    metadata: dict[str, str]


class ScaledSpec(_Part):
    """What is scaled, how many there may be, and why."""

    scale_target_ref: Named
    min_replica_count: int = 0
    triggers: list[Trigger]


class ScaledObject(_Part):
    """Of one service."""

    spec: ScaledSpec


class Image(_Part):
    """Of one service."""

    name: str
    new_tag: str


class Kustomization(_Part):
    """What is applied together."""

    resources: list[str]
    images: list[Image] = []


def read_manifest(path: Path) -> object:
    """The only object of a file."""
    return yaml.safe_load(path.read_text("utf-8"))


def read_pod(root: Path, service: str) -> PodSpec:
    """What the deployment of a service starts."""
    return Deployment.model_validate(read_manifest(root / BASE / f"{service}.yaml")).spec.template.spec
