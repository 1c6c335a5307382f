"""Where the figures come from."""

import importlib.metadata
import platform
import subprocess

import ctranslate2

from libs.common.machine import processor_name, usable_cores

_PACKAGES = ("ctranslate2", "faster-whisper", "torch", "pyannote.audio")


def describe_machine(device: str) -> dict[str, str]:
    """Processor, device and the versions of what computes."""
    versions = {package: _version(package) for package in _PACKAGES}
    return {
        "processor": processor_name(),
        "cores": str(usable_cores()),
        "device": _gpu() if device == "cuda" else "cpu",
        "compute types": ", ".join(sorted(ctranslate2.get_supported_compute_types(device))),
        "python": platform.python_version(),
        **{package: version for package, version in versions.items() if version},
    }


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _gpu() -> str:
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(query, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "cuda"
