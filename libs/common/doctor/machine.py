"""Whether this machine or container has the room that a service needs."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from libs.common.doctor.checking import Check
from libs.common.doctor.finding import Finding, ok, problem, warning
from libs.common.machine import usable_cores, usable_memory_bytes


@dataclass(frozen=True)
class Needs:
    """What a service takes as it is set up."""

    memory_bytes: int
    cores: int
    """Beyond this number of cores nothing gets faster; below, units wait for each other."""

    scratch_bytes: int = 2**30
    """Of temporary files, all slots together."""


def machine_check(needs: Needs) -> Check:
    """All about this machine."""
    return Check("machine", partial(_look, needs))


def disk_finding(subject: str, folder: Path, free_bytes: int, needed_bytes: int) -> Finding:
    """Whether a folder has room; less than a tenth of what is needed is a problem."""
    what = f"{folder} has {free_bytes / 2**30:.1f} GiB free"
    cure = f"make room: {needed_bytes / 2**30:.1f} GiB or more"
    if free_bytes < needed_bytes / 10:
        return problem(subject, what, cure)
    return warning(subject, what, cure) if free_bytes < needed_bytes else ok(subject, what)


async def _look(needs: Needs) -> AsyncIterator[Finding]:
    yield _memory(needs)
    yield _cores(needs)
    folder = Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryFile(dir=folder):
            yield disk_finding("scratch disk", folder, shutil.disk_usage(folder).free, needs.scratch_bytes)
    except OSError as error:
        cure = "give the process a folder that it can write, in TMPDIR"
        yield problem("scratch disk", f"{folder} cannot be written: {error.strerror}", cure)


def _memory(needs: Needs) -> Finding:
    size, free = usable_memory_bytes(), psutil.virtual_memory().available
    needed = f"about {needs.memory_bytes / 2**30:.1f} GiB are needed"
    if size < needs.memory_bytes:
        what = f"{size / 2**30:.1f} GiB may be used, and {needed}"
        return warning("memory", what, "give it more, or fewer slots or a smaller model")
    what = f"{size / 2**30:.1f} GiB may be used, {min(size, free) / 2**30:.1f} GiB are free, and {needed}"
    return warning("memory", what, "end what else runs here") if free < needs.memory_bytes else ok("memory", what)


def _cores(needs: Needs) -> Finding:
    cores = usable_cores()
    what = f"{cores} cores may be used; as it is set up, {needs.cores} can be kept busy"
    return warning("cores", what, "give it more, or fewer slots") if cores < needs.cores else ok("cores", what)
