"""What the normalizer needs beside what every service does."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

from libs.common.doctor.checking import Check, one_line
from libs.common.doctor.finding import Finding, ok, problem
from libs.common.doctor.machine import Needs, machine_check
from libs.common.errors import InvalidSettings
from services.normalizer.ffmpeg import find_ffmpeg
from services.normalizer.settings import NormalizerSettings

_BYTES_PER_UNIT = 256 * 2**20
_SCRATCH_BYTES = 2 * 2**30
"""A recording of the largest size that a gateway takes by default, where the store is not a folder of this machine."""


def checks(settings: NormalizerSettings) -> Sequence[Check]:
    """Ffmpeg and the machine."""
    slots = settings.normalizer_slots
    needs = Needs(memory_bytes=2 * slots * _BYTES_PER_UNIT, cores=slots, scratch_bytes=slots * _SCRATCH_BYTES)
    return (Check("ffmpeg", partial(_ffmpeg, settings.ffmpeg_path)), machine_check(needs))


async def _ffmpeg(path: Path | None) -> AsyncIterator[Finding]:
    try:
        found = await asyncio.to_thread(find_ffmpeg, path)
    except InvalidSettings as error:
        yield problem("ffmpeg", one_line(error.message), "install ffmpeg, or the package imageio-ffmpeg")
        return
    note = "" if found.has_fd else "; older than 6.1, it copies what it cannot seek in to the scratch disk"
    yield ok("ffmpeg", f"{found.version} at {found.program}{note}")
