"""What the manifests promise beyond their schemas."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from libs.common.release import RELEASE
from scripts.deployment.dockerfile import read_stages
from scripts.deployment.manifests import (
    BASE,
    KEDA,
    Container,
    Kustomization,
    PodSpec,
    Values,
    read_manifest,
    read_pod,
)
from scripts.deployment.railway import MARGIN
from scripts.deployment.service_files import Service


def kubernetes_faults(services: tuple[Service, ...], root: Path) -> Iterator[str]:
    """Pods that end too early, are asked the wrong page, may do too much or lack something; files nobody applies."""
    base = Kustomization.model_validate(read_manifest(root / BASE / "kustomization.yaml"))
    for service in services:
        path, pod = BASE / f"{service.name}.yaml", read_pod(root, service.name)
        yield from (f"{path}: {fault}" for fault in (*_pod_faults(service, pod), *_security_faults(service, pod)))
        if pod.containers[0].image not in {image.name for image in base.images}:
            yield f"{BASE}/kustomization.yaml does not say where {pod.containers[0].image} is"
    for folder in (BASE, KEDA):
        yield from _forgotten(root, folder)
    for image in base.images:
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
    yield from _image_faults(service, pod)


def _image_faults(service: Service, pod: PodSpec) -> Iterator[str]:
    container, image = pod.containers[0], read_stages(service.dockerfile)[-1]
    if container.image != f"hansard-{service.name}":
        yield f"does not run hansard-{service.name}"
    if [(one.name, str(one.container_port)) for one in container.ports] != [("http", image.environment.get("PORT"))]:
        yield f"is asked where it does not listen: its image has PORT={image.environment.get('PORT')}"
    migrations = [one for one in pod.init_containers if one.args[-2:] == ["services.gateway", "migrate"]]
    if service.name == "gateway" and not migrations:
        yield "does not migrate before it starts"


def _security_faults(service: Service, pod: PodSpec) -> Iterator[str]:
    image = read_stages(service.dockerfile)[-1]
    user, security = image.last("USER"), pod.security_context
    if not security.run_as_non_root or user is None or str(security.run_as_user) != user.value:
        yield "does not run as the user of its image, or may run as root"
    if security.seccomp_profile.type != "RuntimeDefault":
        yield "may make any system call"
    if pod.automount_service_account_token:
        yield "has a token of the cluster, which it does not need"
    for container in (*pod.init_containers, *pod.containers):
        yield from (f"{container.name} {fault}" for fault in _container_faults(container, pod, image.written_folders))


def _container_faults(container: Container, pod: PodSpec, written: dict[str, str]) -> Iterator[str]:
    security = container.security_context
    if security.allow_privilege_escalation or "ALL" not in security.capabilities.drop:
        yield "keeps privileges"
    if not security.read_only_root_filesystem:
        yield "may write to its own files"
    if "memory" not in container.resources.limits:
        yield "has no limit of memory"
    if not {"cpu", "memory"} <= container.resources.requests.keys():
        yield "asks for no memory or CPU, and may be put where there is none"
    volumes = {volume.name for volume in pod.volumes}
    mounts = [Path(one.mount_path) for one in container.volume_mounts if one.name in volumes and not one.read_only]
    for name, folder in written.items():
        if not any(PurePosixPath(folder).is_relative_to(mount) for mount in mounts):
            yield f"cannot write to {folder}, which is its {name}"


def _forgotten(root: Path, folder: Path) -> Iterator[str]:
    listed = set(Kustomization.model_validate(read_manifest(root / folder / "kustomization.yaml")).resources)
    there = {one.name for one in (root / folder).glob("*.yaml") if ".example." not in one.name} - {"kustomization.yaml"}
    for name in sorted(there - listed):
        yield f"{folder}/kustomization.yaml does not list {name}"
    for name in sorted(listed - there - {"../base"}):
        yield f"{folder}/kustomization.yaml lists {name}, which is not there"


def given_variables(root: Path, service: Service) -> frozenset[str]:
    """The variables that the ConfigMap and the example secrets give a service's container."""
    sources = read_pod(root, service.name).containers[0].env_from
    wanted = {ref.name for one in sources for ref in (one.config_map_ref, one.secret_ref) if ref is not None}
    files = [root / BASE / "configmap.yaml", *(root / BASE).glob("secret*.example.yaml")]
    values = [Values.model_validate(read_manifest(path)) for path in files]
    return frozenset(
        key for one in values if one.metadata.name in wanted for key in one.data.keys() | one.string_data.keys()
    )
