"""All checks of the files that deploy Hansard."""

from collections.abc import Iterator
from pathlib import Path

from scripts.deployment.compose import compose_faults
from scripts.deployment.containers import container_faults
from scripts.deployment.images import image_faults
from scripts.deployment.kubernetes import kubernetes_faults
from scripts.deployment.linters import lint
from scripts.deployment.literals import literal_faults
from scripts.deployment.railway import railway_faults
from scripts.deployment.scaling import scaling_faults
from scripts.deployment.service_files import services
from scripts.deployment.variables import variable_faults


def faults(root: Path) -> Iterator[str]:
    """One line for each, below `root`."""
    yield from lint(root)
    yield from agreement_faults(root)


def agreement_faults(root: Path) -> Iterator[str]:
    """What is found without the tools of others, which take their time."""
    all_services = services(root)
    yield from image_faults(all_services)
    yield from railway_faults(all_services)
    yield from compose_faults(all_services, root)
    yield from container_faults(root)
    yield from kubernetes_faults(all_services, root)
    yield from scaling_faults(all_services, root)
    yield from literal_faults(all_services, root)
    yield from variable_faults(all_services, root)
