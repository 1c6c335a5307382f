"""Settings of the diarizer."""

from typing import Literal

from pydantic import Field

from libs.common.settings import ServiceSettings


class DiarizerSettings(ServiceSettings):
    """Read once, in `__main__`."""

    diarizer_engine: Literal["embedded", "pyannote"] = "embedded"
    """Who finds the voices; `embedded` needs no account and no download."""

    diarizer_slots: int = Field(default=1, ge=1)
    """Meetings that one process diarizes at the same time, each in a child process of its own."""

    enroll_slots: int = Field(default=1, ge=1)
    """Enrolment samples at the same time; their child processes are never used by a meeting."""

    match_slots: int = Field(default=8, ge=1)
    """Meetings whose labels are matched at the same time."""

    match_threshold: float | None = Field(default=None, ge=-1, le=1)
    """Cosine similarity from which a label may get a name; unset, the one measured for the embedding model."""

    match_margin: float | None = Field(default=None, ge=0, le=2)
    """How much closer the name must be than any other, on both sides; unset, as measured for the model."""

    stall_limit: float = Field(default=120.0, gt=0)
    """Seconds without progress after which an engine's process is given up."""

    engine_memory_mb: int | None = Field(default=None, ge=256)
    """Resident memory that an engine's process may use; unset, no limit."""
