"""Where the figures come from."""

import importlib.metadata
import os
import platform

import psutil

from libs.common.machine import processor_name, usable_cores

_PACKAGES = ("fastapi", "starlette", "uvicorn", "h11", "httptools", "uvloop", "python-multipart", "obstore", "asyncpg")


def describe_machine() -> dict[str, str]:
    """Processor, memory, how busy it was, and the versions of what serves."""
    installed = {one.metadata["Name"].lower(): one.version for one in importlib.metadata.distributions()}
    return {
        "processor": processor_name(),
        "cores": str(usable_cores()),
        "memory": f"{psutil.virtual_memory().total / 1024**3:.0f} GiB",
        "load of the last minute": f"{os.getloadavg()[0]:.1f}",
        "python": platform.python_version(),
        **{package: installed[package] for package in _PACKAGES if package in installed},
    }
