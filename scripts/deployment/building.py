"""Builds the images of services without an engine, side by side, and tries each of them."""

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.deployment.dockerfile import read_stages
from scripts.deployment.railway import read_railway
from scripts.deployment.service_files import Service
from scripts.deployment.trial import run_once, try_out
from scripts.deployment.workshop import Image, Workshop

_GRACE = 5.0
_AT_A_TIME = 2

SETTINGS = {"SUMMARIZER_ENGINE": "extractive", "LOG_LEVEL": "warning"}
"""What a trial needs besides the addresses of its servers: no engine is chosen by default for the summarizer."""


@dataclass(frozen=True)
class Built:
    """A service's image, and how long it took."""

    service: Service
    image: Image
    seconds: float


def build(service: Service, folder: Path, arguments: Mapping[str, str], say: Callable[[str], None]) -> Built:
    """Raises `StepFailed`. `arguments`: those of the build, such as ENGINE=pyannote."""
    began = time.monotonic()
    workshop = Workshop(service.root, folder / service.name, lambda line: say(f"{service.name}: {line}"))
    image = workshop.build(read_stages(service.dockerfile), arguments)
    return Built(service, image, time.monotonic() - began)


def build_all(
    services: Sequence[Service], folder: Path, arguments: Mapping[str, str], say: Callable[[str], None] = print
) -> list[Built]:
    """Two at a time: installing is half waiting, half unpacking."""
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        return list(pool.map(lambda service: build(service, folder, arguments, say), services))


def start_commands(built: Built) -> dict[str, list[str]]:
    """Where a command stands → the command, for each way in which a platform starts this service."""
    commands = {"Dockerfile": built.image.command}
    railway = read_railway(built.service).deploy.start_command
    if railway is not None:
        commands[built.service.railway.name] = shlex.split(railway)
    return commands


def migrate(built: Built, settings: Mapping[str, str]) -> None:
    """As Railway does before a deploy, and Compose and Kubernetes before the gateway starts."""
    for command in read_railway(built.service).deploy.pre_deploy_command:
        run_once(built.image, shlex.split(command), settings)


def try_each(built: Built, settings: Mapping[str, str]) -> dict[str, float]:
    """Start the service in each way; how many seconds each took until it was ready."""
    if built.service.name == "gateway":
        migrate(built, settings)
    return {
        where: try_out(built.image, command, settings, grace=_GRACE) for where, command in start_commands(built).items()
    }


def size_bytes(image: Image) -> int:
    """Of its files: what the image has beyond its base."""
    return sum(one.stat().st_size for one in image.root.rglob("*") if one.is_file() and not one.is_symlink())
