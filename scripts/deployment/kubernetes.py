"""What the manifests promise beyond their schemas."""

from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from libs.common.line import LINE, Position
from libs.common.release import RELEASE
from libs.common.streams.keys import stream_key
from scripts.deployment.railway import MARGIN
from scripts.deployment.service_files import Service

BASE, KEDA = Path("deploy/kubernetes/base"), Path("deploy/kubernetes/keda")


class _Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Named(_Part):
    """A reference by name."""

    name: str


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


class Container(_Part):
    """Of a pod."""

    env_from: list[EnvironmentSource] = []
    startup_probe: Probe | None = None
    liveness_probe: Probe | None = None
    readiness_probe: Probe | None = None


class PodSpec(_Part):
    """Of a deployment."""

    termination_grace_period_seconds: float = 30.0
    containers: list[Container]


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

    metadata: Named
    data: dict[str, str] = {}
    string_data: dict[str, str] = Field(default={})


class Trigger(_Part):
    """What KEDA looks at."""

    type: str
    metadata: dict[str, str]


class ScaledSpec(_Part):
    """How many there may be, and why."""

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


def kubernetes_faults(services: tuple[Service, ...], root: Path) -> Iterator[str]:
    """Pods that are killed too early or asked the wrong page, stages that nobody scales, files that nobody applies."""
    for service in services:
        path = BASE / f"{service.name}.yaml"
        pod = Deployment.model_validate(_read(root / path)).spec.template.spec
        yield from (f"{path}: {fault}" for fault in _pod_faults(service, pod))
    for service in services[1:]:
        yield from _scaling_faults(service, root)
    for folder in (BASE, KEDA):
        yield from _forgotten(root, folder)
    for image in Kustomization.model_validate(_read(root / BASE / "kustomization.yaml")).images:
        if image.new_tag != RELEASE:
            yield f"{BASE}/kustomization.yaml: {image.name} is not of this release, {RELEASE}"


def _pod_faults(service: Service, pod: PodSpec) -> Iterator[str]:
    if pod.termination_grace_period_seconds < service.grace + MARGIN:
        yield f"is killed less than {MARGIN:g} s after GRACE ({service.grace:g} s)"
    container = pod.containers[0]
    startup, readiness, liveness = container.startup_probe, container.readiness_probe, container.liveness_probe
    if startup is None or startup.http_get.path == "/ready":
        yield "is killed when it starts while a server that it needs is away"
    if readiness is None or readiness.http_get.path != "/ready":
        yield "takes work before it is ready"
    if liveness is None or (liveness.http_get.path == "/health") == (service.name == "gateway"):
        yield "a worker's liveness is /health; the gateway's is not, which tells of the whole line"


def _scaling_faults(service: Service, root: Path) -> Iterator[str]:
    path = KEDA / f"{service.name}.yaml"
    scaled = ScaledObject.model_validate(_read(root / path)).spec
    for position in LINE:
        if position.service == service.name:
            yield from (f"{path}: {fault}" for fault in _stage_faults(position, scaled))


def _stage_faults(position: Position, scaled: ScaledSpec) -> Iterator[str]:
    stream = stream_key(position.consumes.stream)
    looks = [
        trigger.metadata
        for trigger in scaled.triggers
        if trigger.type == "redis-streams"
        and (trigger.metadata["stream"], trigger.metadata["consumerGroup"]) == (stream, position.stage)
    ]
    for parameter, what in (("lagCount", "waits"), ("pendingEntriesCount", "is in hand")):
        if not any(parameter in look for look in looks):
            yield f"nobody looks at what {what} of {position.stage}"
    if scaled.min_replica_count > 0:
        return
    places = {trigger.metadata["valueLocation"] for trigger in scaled.triggers if trigger.type == "metrics-api"}
    for count in ("waiting", "delayed"):
        if f"stages.{position.stage}.queue.{count}" not in places:
            yield f"goes to zero, and would sleep over what is {count} of {position.stage}"


def _forgotten(root: Path, folder: Path) -> Iterator[str]:
    listed = set(Kustomization.model_validate(_read(root / folder / "kustomization.yaml")).resources)
    there = {one.name for one in (root / folder).glob("*.yaml") if ".example." not in one.name} - {"kustomization.yaml"}
    for name in sorted(there - listed):
        yield f"{folder}/kustomization.yaml does not list {name}"
    for name in sorted(listed - there - {"../base"}):
        yield f"{folder}/kustomization.yaml lists {name}, which is not there"


def given_variables(root: Path, service: Service) -> frozenset[str]:
    """The variables that the ConfigMap and the example secrets give a service's container."""
    deployment = Deployment.model_validate(_read(root / BASE / f"{service.name}.yaml"))
    sources = deployment.spec.template.spec.containers[0].env_from
    wanted = {ref.name for one in sources for ref in (one.config_map_ref, one.secret_ref) if ref is not None}
    files = [root / BASE / "configmap.yaml", *(root / BASE).glob("secret*.example.yaml")]
    values = [Values.model_validate(_read(path)) for path in files]
    return frozenset(
        key for one in values if one.metadata.name in wanted for key in one.data.keys() | one.string_data.keys()
    )


def _read(path: Path) -> object:
    return yaml.safe_load(path.read_text("utf-8"))
