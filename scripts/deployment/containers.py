"""What every container of Compose must hold, whoever made its image, and how Redis is started."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from scripts.deployment.compose import COMPOSE, ComposeFile, ComposeService, read_compose

_WRITES_BESIDE_ITSELF = frozenset({"store"})
"""Its log is beside its program."""

_USER_OF_ITS_IMAGE = frozenset({"store"})
"""The image's own is not root, and owns the folder of the volume."""

_LASTING = frozenset({"redis", "postgres", "store"})
"""What holds something that cannot be made again."""

_LOOPBACK = re.compile(r"(127\.0\.0\.1|\$\{\w+:-127\.0\.0\.1):")

_REDIS = {
    "--appendonly": ("yes", "forgets what is waiting when it ends"),
    "--maxmemory-policy": ("noeviction", "throws work away when its memory is full"),
}
"""Option → its value, and what happens without."""


def container_faults(root: Path) -> Iterator[str]:
    """What may do more than it needs, is not looked after, or loses what it holds."""
    file = read_compose(root / COMPOSE)
    for name, container in file.services.items():
        found = (*_lax(container), *_unattended(name, file.services), *_strong(name, container))
        yield from (f"{COMPOSE}: {name} {fault}" for fault in found)
    yield from (f"{COMPOSE}: {fault}" for fault in (*_exposed(file), *_redis_faults(file)))
    for path in sorted(root.glob("docker-compose.*.yml")):
        for name, container in read_compose(path).services.items():
            faults = _lax(container) if name not in file.services else _public(container)
            yield from (f"{path.name}: {name} {fault}" for fault in faults)


def _lax(container: ComposeService) -> Iterator[str]:
    if container.cap_drop != ["ALL"] or "no-new-privileges:true" not in container.security_opt:
        yield "keeps privileges"
    if container.mem_limit is None:
        yield "has no limit of memory"
    yield from _public(container)


def _public(container: ComposeService) -> Iterator[str]:
    for port in container.ports:
        if not _LOOPBACK.match(port):
            yield f"listens to everybody: {port}"


def _strong(name: str, container: ComposeService) -> Iterator[str]:
    if not container.read_only and name not in _WRITES_BESIDE_ITSELF:
        yield "may write to its own files"
    is_named = container.build is not None or name in _USER_OF_ITS_IMAGE
    if container.user in {"root", "0"} or (container.user is None and not is_named):
        yield "runs as root"


def _unattended(name: str, containers: Mapping[str, ComposeService]) -> Iterator[str]:
    container = containers[name]
    if _is_job(name, containers):
        if container.restart not in {"no", "on-failure"}:
            yield "is started again when it is done"
        return
    if container.restart not in {"always", "unless-stopped"}:
        yield "is not started again when it ends"
    if container.healthcheck.disable or (container.build is None and not container.healthcheck.test):
        yield "has no health check"


def _is_job(name: str, containers: Mapping[str, ComposeService]) -> bool:
    """Whether others wait for its end."""
    awaited = [one.depends_on[name].condition for one in containers.values() if name in one.depends_on]
    return "service_completed_successfully" in awaited


def _exposed(file: ComposeFile) -> Iterator[str]:
    internal = {name for name, network in file.networks.items() if network is not None and network.internal}
    for name in sorted(_LASTING & file.services.keys()):
        container = file.services[name]
        if container.ports or not container.networks or set(container.networks) - internal:
            yield f"{name} can be reached from outside, or reaches out"
        if not container.kept:
            yield f"{name} has no volume with a name: what it holds goes with the container"


def _redis_faults(file: ComposeFile) -> Iterator[str]:
    redis = file.services.get("redis")
    if redis is None:
        yield "no redis"
        return
    for option, (value, otherwise) in _REDIS.items():
        if _option(redis.command, option) != value:
            yield f"redis without {option} {value} {otherwise}"
    if not _option(redis.command, "--requirepass"):
        yield "redis asks for no password"
    if not 0 < _bytes(_option(redis.command, "--maxmemory")) < _bytes(redis.mem_limit or ""):
        yield "redis may take all memory of its container, and is killed instead of refusing"


def _option(command: Sequence[str], name: str) -> str:
    """What follows an option; the empty text if it is not there."""
    return next((value for option, value in pairwise(command) if option == name), "")


def _bytes(size: str) -> int:
    """Of `768mb` or `2g`; 0 of anything else."""
    found = re.fullmatch(r"(\d+)([kmg])b?", size)
    return int(found[1]) * 1024 ** ("kmg".index(found[2]) + 1) if found else 0
