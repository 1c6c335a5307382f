"""Settings of the transcriber."""

import os
from typing import Literal

from pydantic import Field

from libs.common.settings import ServiceSettings

EngineName = Literal["pocketsphinx", "faster-whisper"]


def _default_slots() -> int:
    return min(2, os.cpu_count() or 1)


class TranscriberSettings(ServiceSettings):
    """Read once, in `__main__`."""

    transcriber_engine: EngineName = "pocketsphinx"
    """Who recognizes words; `pocketsphinx` is English only and needs no download."""

    transcriber_slots: int = Field(default_factory=_default_slots, ge=1)
    """Chunks that one process transcribes at the same time, each in a child process of its own."""

    chunk_target: float = Field(default=60.0, gt=0)
    """Length of a chunk that a long meeting is cut into, seconds; short meetings get shorter chunks."""

    chunk_maximum: float = Field(default=90.0, gt=0)
    """Longest chunk, seconds; speech without any silence is cut at its quietest place."""

    whisper_model: str = "small"
    """For `faster-whisper`: a folder with a CTranslate2 model, or a name (`small`, `large-v3`, …) that is in the
    cache or can be fetched."""

    whisper_device: Literal["auto", "cpu", "cuda"] = "auto"
    whisper_compute_type: str = "default"
    """As CTranslate2 names it: `int8`, `float16`, …"""

    stall_limit: float = Field(default=300.0, gt=0)
    """Seconds without progress after which an engine's process is given up."""

    engine_memory_mb: int | None = Field(default=None, ge=256)
    """Resident memory that an engine's process may use; unset, no limit."""
