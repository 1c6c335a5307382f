"""Settings of the normalizer."""

from pathlib import Path

from pydantic import Field

from libs.common.settings import ServiceSettings


class NormalizerSettings(ServiceSettings):
    """Read once, in `__main__`."""

    ffmpeg_path: Path | None = None
    """The ffmpeg to use; otherwise the one on the PATH, otherwise the one that the package `imageio-ffmpeg` carries."""

    max_duration: float = Field(default=21_600.0, gt=0)
    """Longest meeting that is accepted, seconds."""

    max_sample_duration: float = Field(default=300.0, gt=0)
    """Longest enrolment sample that is accepted, seconds."""

    normalizer_slots: int = Field(default=2, ge=1)
    """Recordings that one process normalizes at the same time; samples have as many of their own."""
