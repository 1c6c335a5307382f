"""Settings of the normalizer."""

from pathlib import Path

from pydantic import Field

from libs.common.settings import Count, PortNumber, Seconds, ServiceSettings


class NormalizerSettings(ServiceSettings):
    """Read once, in `__main__`."""

    port: PortNumber = Field(default=8001, ge=0, le=65535)
    """Port to listen on; 0 takes any that is free."""

    ffmpeg_path: Path | None = None
    """The ffmpeg to use; otherwise the one on the PATH, otherwise the one that the package `imageio-ffmpeg` carries."""

    max_duration: Seconds = Field(default=21_600.0, gt=0)
    """Longest meeting that is accepted."""

    max_sample_duration: Seconds = Field(default=300.0, gt=0)
    """Longest enrolment sample that is accepted."""

    normalizer_slots: Count = Field(default=2, ge=1)
    """Recordings that one process normalizes at the same time; samples have as many of their own."""
