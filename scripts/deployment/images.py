"""What all Dockerfiles have in common, and what each may hold."""

import re
from collections.abc import Iterator

from scripts.deployment.dockerfile import Instruction, Stage, exec_form, read_stages
from scripts.deployment.service_files import Service

_OF_ONE_SERVICE = re.compile(r"(ENV HF_HOME=|ENV LD_LIBRARY_PATH=|COPY migrations )")


def image_faults(services: tuple[Service, ...]) -> Iterator[str]:
    """Dockerfiles that are not alike, or copy what their service must not need."""
    shapes = {}
    for service in services:
        if not service.dockerfile.is_file():
            yield f"services/{service.name}: no Dockerfile"
            continue
        stages = read_stages(service.dockerfile)
        if len(stages) == 1:
            yield f"services/{service.name}/Dockerfile: has one stage, so what builds stays in the image"
        shapes[service.name] = _shape(service, stages)
        yield from (f"services/{service.name}/Dockerfile: {fault}" for fault in _faults(service, stages[-1]))
    usual = shapes.get("normalizer", [])
    for name, shape in shapes.items():
        unlike = [line for line in shape if line not in usual] + [line for line in usual if line not in shape]
        yield from (f"services/{name}/Dockerfile is unlike the normalizer's: {line}" for line in unlike)


def _faults(service: Service, image: Stage) -> Iterator[str]:
    user, check = image.last("USER"), image.last("HEALTHCHECK")
    if user is None or user.value in {"root", "0"}:
        yield "runs as root"
    elif not user.value.isdecimal():
        yield "names its user: Kubernetes cannot see whether that is root"
    if image.environment.get("HOST") != "0.0.0.0":
        yield "listens to nobody outside its container"
    page = "/ready" if service.name == "gateway" else "/health"
    if check is None or page not in exec_form(check)[-1]:
        yield f"its HEALTHCHECK does not ask {page}"
    own = {"libs/__init__.py", "libs/common", "services/__init__.py", f"services/{service.name}"}
    allowed = own | ({"migrations"} if service.name == "gateway" else set())
    copied = {source for copy in image.all("COPY") if copy.comes_from is None for source in copy.sources}
    for source in sorted(copied ^ allowed):
        yield f"copies {source}" if source in copied else f"does not copy {source}"


def _shape(service: Service, stages: tuple[Stage, ...]) -> list[str]:
    """Its lines without what differs for a reason."""
    first, image = stages[0], stages[-1]
    lines = [first.image, image.image, *(_line(one) for one in first.instructions if one.name in {"ENV", "WORKDIR"})]
    lines += [line for line in map(_line, image.instructions) if not _OF_ONE_SERVICE.match(line)]
    return [_without_names(line, service.name) for line in lines]


def _line(instruction: Instruction) -> str:
    return f"{instruction.name} {' '.join(instruction.value.split())}"


def _without_names(line: str, name: str) -> str:
    line = line.replace(name, "NAME").replace(" /var/lib/hansard/models", "").replace("/ready", "/health")
    return re.sub(r"--start-period=\d+s", "--start-period=N", re.sub(r"\b800\d\b", "PORT", line))
